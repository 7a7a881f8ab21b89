/** `npm run package:client`: makes what `packages/client` publishes as `minspnet-client`, in its folder `dist`. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { makeClient } from './client/make.js';
import { repository } from './shipped.js';

const home = join(repository, 'packages/client');
await makeClient(join(home, 'dist'));
for (const text of ['LICENSE', 'NOTICE']) await cp(join(repository, text), join(home, text));
