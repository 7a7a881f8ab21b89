import t from 'tap';
import { pageSize } from './size.js';

t.test('the page is small', async (t) => {
  const { all } = pageSize();
  t.ok(all <= 150_000, `${all} bytes, gzipped`);
});
