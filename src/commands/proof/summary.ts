import { figure, osText } from '../../bench/benchmark-table.js';
import type { Energy } from '../../contract/benchmark.js';
import { isDone, type Proof, type SelfTestResult } from '../../contract/proof.js';
import { describe } from '../tune/candidates.js';

/** What a proof’s file holds and what it doesn’t, told before anything is measured. */
export const contents = `The file will hold:
  board, processor, memory, operating system and kernel as they call themselves; versions of minspnet, Node and ONNX Runtime
  each check of \`doctor\` with its status; words only about what the board is and has
  how far the boxes on 20 pictures of the demo clip are from those of the reference, for each file of each detector
  what \`tune\` and \`bench\` measure, on the demo clip
  of the camera: what it is read through (such as v4l2 or rtsp), how many pictures and events there were, and how long the
  daemon took to come back after its engine was killed and its broker taken away
It will not hold: addresses, host and user names, paths, names of cameras, zones or nodes, pictures, or what was seen.
Nothing is sent anywhere. Settings and tuning of this board stay as they are.
`;

/** [what, how it went], of all parts. */
export function summaryRows(proof: Proof): [what: string, text: string][] {
  const { emulator, architecture, version } = proof;
  const under = emulator === null ? '' : `, under ${emulator}`;
  return [
    ['passed', proof.passed ? 'yes' : `no: ${proof.faults.join('; ')}`],
    ...boardRows(proof),
    ['minspnet', `${version}, ${architecture}${under}, ${proof.at}`],
    ['doctor', doctorText(proof)],
    ...selfTestRows(proof),
    ['tune', isDone(proof.tuning) ? describe(proof.tuning.choice) : `not done [${proof.tuning.code}]`],
    ...benchmarkRows(proof),
    ...cameraRows(proof),
  ];
}

function boardRows({ benchmark }: Proof): [string, string][] {
  if (!isDone(benchmark)) return [];
  const { board } = benchmark;
  return [['board', `${board.model}, ${board.cpu}, ${osText(board)}`]];
}

function doctorText({ doctor }: Proof): string {
  const of = (status: string) => doctor.filter((check) => check.status === status).map(({ name }) => name);
  const [warnings, failures] = [of('warn'), of('fail')];
  const list = (what: string, names: string[]) => (names.length === 0 ? '' : `; ${what} ${names.join(', ')}`);
  return `${of('ok').length} of ${doctor.length} well${list('warns of', warnings)}${list('fails:', failures)}`;
}

/** How far the boxes of one file of a detector are from the reference's. */
export function selfTestText({ matched, alone, score, pixels, tolerance, within, provider }: SelfTestResult): string {
  const apart = `at most ${score.toFixed(4)} of score and ${pixels.toFixed(2)} px apart`;
  const allowed = `${tolerance.score.toFixed(4)} and ${tolerance.pixels.toFixed(2)} px`;
  return `${within ? 'within' : 'BEYOND'} the tolerance: ${matched} boxes ${apart} (allowed ${allowed}), ${alone} alone, ${provider}`;
}

function selfTestRows({ selfTest }: Proof): [string, string][] {
  if (!isDone(selfTest)) return [['boxes', `not compared [${selfTest.code}]`]];
  return selfTest.map((result) => [`boxes ${result.model} ${result.precision}`, selfTestText(result)]);
}

function benchmarkRows({ benchmark }: Proof): [string, string][] {
  if (!isDone(benchmark)) return [['bench', `not done [${benchmark.code}]`]];
  const { models, daemon } = benchmark;
  const rows = models.map(({ name, inferenceMs, cpuMs, input, energy }): [string, string] => {
    const times = `median ${figure(inferenceMs.p50)} ms, CPU ${figure(cpuMs)} ms, ${inferenceMs.samples} runs`;
    return [`bench ${name}`, `${input.join('x')}, ${times}; ${joules(energy)}`];
  });
  const { fps, cpuPercent, captureToPublishMs, energy } = daemon;
  const figures = `${figure(fps)} pictures a second, ${figure(cpuPercent.both)} % of a core`;
  const published = `capture to publish median ${figure(captureToPublishMs.p50)} ms`;
  return [...rows, ['bench daemon', `${figures}, ${published}; ${joules(energy)}`]];
}

function joules(energy: Energy): string {
  if (!energy.measured) return 'energy not measured';
  return `${figure(energy.joules * 1000)} mJ each (${energy.source}), ${figure(energy.joulesAboveIdle * 1000)} above idle`;
}

function cameraRows({ camera }: Proof): [string, string][] {
  if (!isDone(camera)) return [['camera', `not watched [${camera.code}]`]];
  const { kind, seconds, pictures, inferenceMs, engineKilled, brokerLost, events } = camera;
  const again = (ms: number) => `pictures again after ${(ms / 1000).toFixed(1)} s`;
  return [
    ['camera', `${kind}: ${pictures} pictures in ${seconds.toFixed(0)} s, inference median ${figure(inferenceMs)} ms`],
    ['engine killed', again(engineKilled.recoveredMs)],
    ['broker lost', `for ${brokerLost.seconds.toFixed(0)} s, ${again(brokerLost.recoveredMs)}`],
    [
      'events',
      `${events.told} told, ${events.lost} lost, ${events.twice} twice (${events.again} came again over MQTT)`,
    ],
  ];
}
