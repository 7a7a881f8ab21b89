import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Response } from '../../src/contract/request.js';
import { jpegSize } from '../../src/pipeline/capture/cut.js';
import type { Heard } from '../support/broker.js';
import { makeClip } from '../support/clip.js';
import { TestDaemon } from '../support/daemon.js';
import { installOwner } from '../support/rpicam.js';
import { noStreamServer } from '../support/stream-server.js';

/** A second of the demo clip in which the network is sure of what it sees. */
const second = '23.3';
const sensor = { width: 4608, height: 2592 };

/** Makes the camera's pictures: one of the demo clip, again and again, and the same as a photograph. */
function makePictures(folder: string): void {
  const ffmpeg = (...args: string[]) => {
    const { status, stderr } = spawnSync('ffmpeg', ['-v', 'error', ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  };
  ffmpeg('-ss', second, '-i', 'demo/street.mp4', '-frames:v', '1', join(folder, 'video.png'));
  ffmpeg('-i', join(folder, 'video.png'), '-vf', `scale=${sensor.width}:${sensor.height}`, join(folder, 'still.jpg'));
}

function installVideo(folder: string): void {
  const input = `-re -loop 1 -framerate 15 -i '${folder}/video.png'`;
  installOwner(folder, 'rpicam-vid', `exec ffmpeg -v error -nostdin ${input} -pix_fmt yuv420p -f rawvideo -`);
}

const installStill = (folder: string, seconds: number) =>
  installOwner(folder, 'rpicam-still', `sleep ${seconds}; exec cat '${folder}/still.jpg'`);

t.test('photographs over MQTT', { skip: noStreamServer, timeout: 110_000 }, async (t) => {
  const folder = t.testdir();
  makePictures(folder);
  installVideo(folder);
  const clip = join(folder, 'large.mp4');
  await makeClip(clip, { width: 1280, height: 720, frames: 20, fps: 10 });
  const config = join(folder, 'minspnet.yaml');
  const cameras = [
    'csi: {source: "libcamera:0", size: [640, 360], captureFps: 15, recovery: {openSeconds: 30, stallSeconds: 5}}',
    `clip: {source: "${clip}", loop: true}`,
  ];
  writeFileSync(config, `mqtt: {broker: {port: 0}}\ncameras:\n${cameras.map((line) => `  ${line}\n`).join('')}`);
  const environment = { PATH: `${folder}:${process.env.PATH}` };
  const daemon = new TestDaemon(['run', '--config', config], join(folder, 'state'), environment);
  t.teardown(() => daemon.dispose());
  await daemon.subscribe();
  await daemon.line(/camera {4}csi: live, 640x360 at 15 fps \(rpicam-vid\)/);

  let asked = 0;
  const isAnswer = (transaction: number) => (heard: Heard) =>
    heard.topic.includes('/response/') && JSON.parse(String(heard.payload)).transaction === transaction;
  const request = async (name: string, camera: string) => {
    const transaction = ++asked;
    await daemon.publish(`minspnet/minspnet/request/${name}`, JSON.stringify({ camera, transaction }));
    return transaction;
  };
  const answerTo = async (transaction: number) => {
    const heard = await daemon.message(isAnswer(transaction), 40_000);
    return { heard, answer: JSON.parse(String(heard.payload)) as Response };
  };
  const ask = async (name: string, camera: string) => answerTo(await request(name, camera));
  const events = (type: string, from = 0) =>
    daemon.heard.slice(from).filter(({ topic, payload }) => {
      return topic.endsWith('csi/events') && JSON.parse(String(payload)).type === type;
    });
  const states = (from: number) =>
    daemon.heard
      .slice(from)
      .filter(({ topic }) => topic.endsWith('csi/status'))
      .map(({ payload }) => JSON.parse(String(payload)));
  const lives = (from: number) =>
    daemon.message((heard) => {
      const isLater = daemon.heard.indexOf(heard) >= from;
      return isLater && heard.topic.endsWith('csi/status') && /"live"/.test(String(heard.payload));
    }, 30_000);
  await daemon.message((heard) => events('new').includes(heard), 30_000);

  await t.test('by the camera itself: its video makes way, its tracks outlive a short gap', async (t) => {
    installStill(folder, 0.1);
    await new Promise((resolve) => setTimeout(resolve, 1500)); // whatever else is new has been told
    const from = daemon.heard.length;
    const both = [await request('still', 'csi'), await request('still', 'csi')] as const;
    const { heard, answer } = await answerTo(both[0]);
    const { answer: second } = await answerTo(both[1]);
    const topic = 'minspnet/minspnet/csi/still';
    const photograph = readFileSync(join(folder, 'still.jpg'));
    t.match(answer, { status: 'ok', data: { topic, bytes: photograph.length, ...sensor } });
    t.match(second, { status: 'ok', data: answer.data }, 'whoever asks meanwhile gets the same one');
    const published = daemon.heard.findIndex((one) => one.topic === topic);
    t.ok(published > 0 && published < daemon.heard.indexOf(heard), 'the picture comes before the answer');
    t.ok(daemon.heard[published]?.payload.equals(photograph), 'byte for byte');
    await lives(from);
    await new Promise((resolve) => setTimeout(resolve, 3500)); // a track that was given up would have ended by now
    t.match(states(from), [{ state: 'starting', reason: 'a still is being taken' }, { state: 'live' }]);
    t.strictSame([events('new', from).length, events('end', from).length], [0, 0], 'no track ends, none is new');
  });

  await t.test('a gap that is too long ends them, with the reason', async (t) => {
    installStill(folder, 5);
    const from = daemon.heard.length;
    t.match((await ask('still', 'csi')).answer, { status: 'ok', data: sensor });
    await lives(from);
    await daemon.message((heard) => events('new', from).includes(heard), 30_000);
    const ends = events('end', from).map(({ payload }) => JSON.parse(String(payload)).reason);
    t.ok(ends.length > 0 && ends.every((reason) => reason === 'camera-lost'), `${ends}`);
  });

  await t.test('a program that is not there, and one that fails: the video goes on', async (t) => {
    for (const [code, prepare] of [
      ['ERR_SOURCE_MISSING', () => installOwner(folder, 'rpicam-still', 'echo no cameras available >&2; exit 255')],
      ['ERR_SOURCE_PROGRAM', () => rmSync(join(folder, 'rpicam-still'))],
    ] as const) {
      prepare();
      const from = daemon.heard.length;
      t.match((await ask('still', 'csi')).answer, { status: 'error', code });
      await lives(from);
    }
  });

  await t.test('of any other source it is the whole picture at its own size', async (t) => {
    t.match((await ask('still', 'clip')).answer, { status: 'ok', data: { width: 1280, height: 720 } });
    t.match((await ask('snapshot', 'clip')).answer, { status: 'ok', data: { width: 640, height: 360 } });
    const still = daemon.heard.findLast(({ topic }) => topic.endsWith('clip/still'));
    t.strictSame(jpegSize(still?.payload ?? Buffer.alloc(0)), { width: 1280, height: 720 });
  });

  await t.test('one that is too large for a message is refused with an answer', async (t) => {
    const photograph = readFileSync(join(folder, 'still.jpg'));
    const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0xff, 0xff]), Buffer.alloc(0xfffd)]);
    const padding = Array.from({ length: 130 }, () => comment);
    const large = Buffer.concat([photograph.subarray(0, 2), ...padding, photograph.subarray(2)]);
    t.strictSame(jpegSize(large), sensor, 'a JPEG all the same');
    writeFileSync(join(folder, 'large.jpg'), large);
    installOwner(folder, 'rpicam-still', `exec cat '${folder}/large.jpg'`);
    const from = daemon.heard.length;
    const { answer } = await ask('still', 'csi');
    t.match(answer, { status: 'error', code: 'ERR_REQUEST_TOO_LARGE', error: /has \d+ bytes/ });
    await lives(from);
  });

  await t.test('neither a restart nor the end waits for a photograph', async (t) => {
    installOwner(folder, 'rpicam-still', 'exec sleep 600');
    const isTaken = (from: number) =>
      daemon.message((heard) => {
        return daemon.heard.indexOf(heard) >= from && /a still is being taken/.test(String(heard.payload));
      });
    let from = daemon.heard.length;
    const first = await request('still', 'csi');
    await isTaken(from);
    t.match((await ask('restart', 'csi')).answer, { status: 'ok' });
    t.match((await answerTo(first)).answer, { status: 'error', code: 'ERR_SOURCE_READ' });
    await lives(from);
    from = daemon.heard.length;
    await request('still', 'csi');
    await isTaken(from);
    daemon.kill('SIGTERM');
    t.equal(await daemon.exited, 0);
    t.equal(spawnSync('flock', ['-w', '10', join(folder, 'camera'), 'true']).status, 0, 'nobody holds the camera');
  });
});
