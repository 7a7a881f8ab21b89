import t from 'tap';
import { maskUrl, Redactor } from '../../src/config/mask.js';

t.test('of an address only scheme and host are said', async (t) => {
  const cases: Record<string, string> = {
    'rtsp://admin:hunter2@door/1': 'rtsp://door',
    'rtsp://admin:hunter2@door:554/1?password=x&a=1#b': 'rtsp://door:554',
    'mqtt://token@host': 'mqtt://host',
    'mqtt://:password@host:1883': 'mqtt://host:1883',
    'http://host:8080/v?usr=admin&p=hunter2': 'http://host:8080',
    'https://[2001:db8::1]:443/x?psk=hunter2': 'https://[2001:db8::1]:443',
    'http://host/p@th': 'http://***',
    'can’t open rtsp://a:b@h/x: refused': 'can’t open rtsp://h: refused',
    'is rtsp://h there? (rtsp://h:1/x), rtsp://h/y.': 'is rtsp://h there? (rtsp://h:1), rtsp://h.',
  };
  for (const [text, masked] of Object.entries(cases)) t.equal(maskUrl(text), masked, text);
});

t.test('of an address whose password is not escaped nothing is left', async (t) => {
  for (const password of [
    'hun@ter2',
    'hun/ter2',
    'hun#ter2',
    'hun?ter2',
    '@/#?hunter2',
    'hunter2@hunter2#1',
    '12/hunter2@',
  ]) {
    for (const end of ['@door:554/1', '@door/a@b', '@door?x=hunter2@y']) {
      const masked = maskUrl(`can’t open rtsp://admin:${password}${end} now`);
      t.equal(masked, 'can’t open rtsp://*** now', password + end);
    }
  }
  t.equal(
    maskUrl('rtsp://admin:hun ter2@door/1'),
    'rtsp://*** ter2@door/1',
    'a space ends an address, which is refused',
  );
});

t.test('what is named like a password is none of the text', async (t) => {
  const texts = [
    'rtspsrc user-id=me user-pw=hunter2 ! x',
    'rtspsrc user-pw = "hunt er2 \\" hunter2" location=x',
    "rtspsrc user-pw='hunt er2' proxy-pw = hunter2",
    'GET /video.cgi?loginuse=admin&loginpas=hunter2&rate=0',
    '/user=admin_password=hunter2_channel=1_stream=0.sdp',
    '/flv?user=a&api_key=hunter2&x_token=hunter2&psk=hunter2&p=hunter2',
    'extra-headers="h, Authorization=(string)\\"Bearer hunter2\\""',
    'Authorization: Basic hunter2',
  ];
  for (const text of texts) t.notMatch(maskUrl(text), /hunt/, text);
});

t.test('what holds no secret stays as it is', async (t) => {
  for (const text of ['rtsp://h:554', 'x@y', '/a//b', 'demo', '', 'keys: a, b', 'fps=10 and state=live', 'a = b']) {
    t.equal(maskUrl(text), text);
  }
});

t.test('a long text takes no long time', async (t) => {
  const started = process.cpuUsage();
  for (const part of ['//a:', 'a', 'a://', 'a://b:c', 'p=', 'password', 'a-', '_']) maskUrl(part.repeat(20_000));
  t.ok(process.cpuUsage(started).user < 2e6, 'linear in its length, or nearly');
});

t.test('a redactor takes all forms of a secret out of texts, and leaves names by which programs act', async (t) => {
  const redactor = new Redactor();
  redactor.addSettings(
    {
      mqtt: { url: 'mqtt://u:hunter%232@h', password: 'pass"word' },
      cameras: {
        door: { source: 'gstreamer:rtspsrc user-pw = "marked one" psk=marked-two ! x' },
        yard: { source: '/marked/file.mp4' },
      },
      node: 'abc',
    },
    [['cameras', 'yard', 'source'], ['node']],
  );
  const texts = ['hunter#2', 'hunter%232', 'pass"word', 'pass\\"word', 'pass%22word', 'marked one', 'marked-two'];
  for (const text of [...texts, '/marked/file.mp4']) t.equal(redactor.redact(`a ${text} b`), 'a *** b');
  t.equal(
    redactor.redact('login abc:x of abcd, "abc"'),
    'login ***:x of abcd, "***"',
    'what is short, where it stands alone',
  );
  t.strictSame(redactor.redactAll({ camera: 'marked-two', reason: 'x marked-two', list: ['hunter#2', 1, null] }), {
    camera: 'marked-two',
    reason: 'x ***',
    list: ['***', 1, null],
  });
});

t.test('a short password spoils no word, and no JSON line of the log', async (t) => {
  const redactor = new Redactor();
  redactor.addSettings({ mqtt: { password: '30' }, cameras: { door: { network: { password: 'é' } } } }, []);
  const line = redactor.redact('{"level":30,"msg":"pass 30, 300 pictures, caf\u00e9, \u00e9"}');
  t.strictSame(JSON.parse(line), { level: 30, msg: 'pass ***, 300 pictures, caf\u00e9, ***' });
});
