#!/usr/bin/env -S MALLOC_ARENA_MAX=1 node --max-semi-space-size=2
import { Command, CommanderError, Option } from 'commander';
import {
  collect,
  parseCount,
  parseDuration,
  parsePlace,
  parsePositive,
  parseRate,
  parseScore,
  parseSeconds,
  parseSize,
} from './commands/arguments.js';
import type { BenchOptions } from './commands/bench.js';
import type { CamerasOptions } from './commands/cameras.js';
import type { ConfigShowOptions } from './commands/config.js';
import type { DoctorOptions } from './commands/doctor.js';
import type { ExplainOptions } from './commands/explain.js';
import type { ForgetOptions } from './commands/forget.js';
import { describeError, exitCodeTable, guard } from './commands/guard.js';
import type { ModelAddOptions, ModelOptions } from './commands/model.js';
import {
  type ClassifyOptions,
  type DetectOptions,
  type EmbedOptions,
  type ModelCheckOptions,
  ownVersion,
  type RunOptions,
  type SegmentOptions,
} from './commands/options.js';
import type { ProofOptions } from './commands/proof.js';
import type { LogsOptions, ServiceOptions } from './commands/service.js';
import type { SnapshotOptions } from './commands/snapshot.js';
import type { TeachOptions } from './commands/teach.js';
import type { TuneOptions } from './commands/tune.js';
import type { WatchOptions } from './commands/watch.js';
import { Redactor } from './config/mask.js';
import { exitCodes } from './contract/errors.js';

// Names the commands and nothing more. Each loads its own code when it is called, so that `--help` loads no FFmpeg
// and `config check` no MQTT.

/** The command line; `redactor` gets to know what is secret of the settings, and `finish` gets the exit code of the command that was called. */
export function commandLine(finish: (exitCode: number) => void, redactor = new Redactor()): Command {
  const end = async (command: () => Promise<number>): Promise<void> => finish(await guard(command));
  const program = new Command('minspnet')
    .description('Watches cameras with its own small network and tells MQTT what it saw.')
    .version(ownVersion())
    .showHelpAfterError('(minspnet --help names every command)')
    .addHelpText('after', `\n${exitCodeTable()}`)
    // Inherited by the commands, so it stands before them.
    .exitOverride();

  program
    .command('run')
    .description('watch the cameras until SIGINT or SIGTERM')
    .option('-c, --config <file>', 'settings (default: $MINSPNET_CONFIG, ./minspnet.yaml, /etc/minspnet/minspnet.yaml)')
    .option('--source <uri>', 'one camera with this source in place of those of the settings: a file, demo, rtsp://…')
    .option('--loop', 'play the file of --source again and again')
    .addOption(new Option('--pace <pace>', 'how the file of --source is played').choices(['realtime', 'max']))
    .option('--mqtt <url>', 'the broker, such as mqtt://host:1883')
    .option('--model <model>', 'a model’s name or folder')
    .option('--no-colour', 'plain text, also in a terminal')
    .action((options: RunOptions, command: Command) => {
      if (options.source === undefined && (options.loop || options.pace !== undefined)) {
        command.error('error: --loop and --pace are about the file of --source; without it, set them in the settings');
      }
      // Its code takes a while to load, and a reload that is asked for meanwhile must not end it.
      if (!process.stdin.isTTY && !process.stdout.isTTY) process.on('SIGHUP', () => {});
      return end(async () => (await import('./commands/run.js')).run(options, redactor));
    });

  const model = program.command('model').description('the models of this board: those that came with it, and others');
  model
    .command('add')
    .description('add a model, checked and tested before it is there')
    .argument('<source>', 'a folder with a card.json, or the https: or file: address of a signed card.json')
    .option('--sha256 <sum>', 'the card must have this one')
    .option('--allow-older', 'also in place of a newer version', false)
    .option('-c, --config <file>', 'settings that name the state directory and `model.keys`')
    .action((source: string, options: ModelAddOptions) =>
      end(async () => (await import('./commands/model.js')).modelAdd(source, options, redactor)),
    );
  model
    .command('list')
    .description('list them; * is the one that the settings name')
    .option('-c, --config <file>', 'settings that name the state directory')
    .action((options: ModelOptions) =>
      end(async () => (await import('./commands/model.js')).modelList(options, redactor)),
    );
  model
    .command('remove')
    .description('remove one that was added')
    .argument('<name>')
    .option('-c, --config <file>', 'settings that name the state directory')
    .action((name: string, options: ModelOptions) =>
      end(async () => (await import('./commands/model.js')).modelRemove(name, options, redactor)),
    );
  model
    .command('rollback')
    .description('bring back the version that was replaced last')
    .argument('<name>')
    .option('-c, --config <file>', 'settings that name the state directory')
    .action((name: string, options: ModelOptions) =>
      end(async () => (await import('./commands/model.js')).modelRollback(name, options, redactor)),
    );

  program
    .command('detect')
    .description('say what is in pictures or clips')
    .argument('<file...>', 'JPEG, PNG or any clip')
    .option('--json', 'a JSON line a picture', false)
    .option('--annotate <directory>', 'write the pictures there, with boxes')
    .option('--model <model>', 'a model’s name or folder')
    .addOption(new Option('--precision <precision>', 'which of the model’s files').choices(['fp32', 'int8']))
    .option('--size <size>', 'of the network’s input: WIDTHxHEIGHT, pixels', parseSize)
    .option('--min-score <score>', 'leave out what is less certain, 0 to 1 (default: the model’s)', parseScore)
    .option('-c, --config <file>', 'settings that name the state directory (default: the file that `run` would read)')
    .action((files: string[], options: DetectOptions) =>
      end(async () => (await import('./commands/detect.js')).detect(files, options, redactor)),
    );

  program
    .command('classify')
    .description('say what pictures show as a whole, by our classifier or by what was taught')
    .argument('<file...>', 'JPEG, PNG or any clip')
    .option('--model <model>', 'a classifier’s or a taught model’s name or folder (default: minspnet-s-cls)')
    .option('--top <count>', 'so many classes a picture', parseCount, 5)
    .option('--json', 'a JSON line a picture', false)
    .addOption(new Option('--precision <precision>', 'which of the model’s files').choices(['fp32', 'int8']))
    .option('--size <size>', 'of the network’s input: WIDTHxHEIGHT, pixels', parseSize)
    .option('-c, --config <file>', 'settings that name the state directory (default: the file that `run` would read)')
    .action((files: string[], options: ClassifyOptions) =>
      end(async () => (await import('./commands/classify.js')).classify(files, options, redactor)),
    );

  program
    .command('embed')
    .description('print the pooled features of pictures, a JSON line each')
    .argument('<file...>', 'JPEG, PNG or any clip')
    .option('--model <model>', 'a classifier’s name or folder (default: minspnet-s-cls)')
    .addOption(new Option('--precision <precision>', 'which of the model’s files').choices(['fp32', 'int8']))
    .option('--size <size>', 'of the network’s input: WIDTHxHEIGHT, pixels', parseSize)
    .option('-c, --config <file>', 'settings that name the state directory (default: the file that `run` would read)')
    .action((files: string[], options: EmbedOptions) =>
      end(async () => (await import('./commands/classify.js')).embed(files, options, redactor)),
    );

  program
    .command('segment')
    .description('say what each pixel of pictures shows')
    .argument('<file...>', 'JPEG, PNG or any clip')
    .option('--json', 'a JSON line a picture', false)
    .option('--annotate <directory>', 'write the pictures there, with the classes’ colours')
    .option('--labels <directory>', 'write label maps there: PNG, 8 bits, 0 background, 1 the first class, …')
    .option('--model <model>', 'a segmenter’s name or folder (default: minspnet-s-seg)')
    .addOption(new Option('--precision <precision>', 'which of the model’s files').choices(['fp32', 'int8']))
    .option('--size <size>', 'of the network’s input: WIDTHxHEIGHT, pixels', parseSize)
    .option('-c, --config <file>', 'settings that name the state directory (default: the file that `run` would read)')
    .action((files: string[], options: SegmentOptions) =>
      end(async () => (await import('./commands/segment.js')).segment(files, options, redactor)),
    );

  model
    .command('check')
    .description(
      'run a detector, classifier or segmenter that has a card on the demo’s pictures: its speed and answers',
    )
    .argument('<file>', 'a model’s name, the ONNX file or its folder; the card is the card.json beside it')
    .addOption(new Option('--precision <precision>', 'one of its files only').choices(['fp32', 'int8']))
    .option('--size <size>', 'of the network’s input: WIDTHxHEIGHT, pixels', parseSize)
    .option('-c, --config <file>', 'settings that name the state directory (default: the file that `run` would read)')
    .action((file: string, options: ModelCheckOptions) =>
      end(async () => (await import('./commands/model-check.js')).modelCheck(file, options, redactor)),
    );

  const teaching = program
    .command('teach')
    .description('teach a model of your own from a few pictures, on this board')
    .argument('<name>', 'of the model; one of this name is taught anew')
    .option('--folder <class=dir>', 'pictures of a class; once for each class', collect, [])
    .option('--from-events', 'with the crops that requests have assigned to this model’s classes', false)
    .option('--state <camera.region>', 'a state of the settings, with the pictures that requests have collected')
    .option('--again', 'with the pictures of before, on the network that is here now', false)
    .option('--base <model>', 'the network whose features are used', 'minspnet-s-cls')
    .addOption(new Option('--precision <precision>', 'which of its files').choices(['fp32', 'int8']))
    .option('-c, --config <file>', 'settings that name the state directory (default: the file that `run` would read)')
    .option('--json', 'print the card', false)
    .action((name: string, options: TeachOptions) =>
      end(async () => {
        const { giveWay, teach } = await import('./commands/teach.js');
        giveWay();
        return await teach(name, options, redactor);
      }),
    );
  teaching
    .command('export')
    .description('write a taught model with its pictures into one file, for another board')
    .argument('<name>')
    .option('-o, --output <file>', 'default: NAME.minspnet')
    .option('-c, --config <file>', 'settings that name the state directory')
    .action((name: string, options: { output?: string; config?: string }) =>
      end(async () => (await import('./commands/teach/archive.js')).exportModel(name, options, redactor)),
    );
  teaching
    .command('import')
    .description('take a model that `teach export` has written')
    .argument('<file>')
    .option('--name <name>', 'another name for it')
    .option('-c, --config <file>', 'settings that name the state directory')
    .action((file: string, options: { name?: string; config?: string }) =>
      end(async () => (await import('./commands/teach/archive.js')).importModel(file, options, redactor)),
    );

  program
    .command('bench')
    .description('measure this board: networks, stages, the whole daemon, energy')
    .option('-c, --config <file>', 'settings (default: the file that `run` would read)')
    .option('--model <model>', 'a model’s name or folder')
    .addOption(new Option('--precision <precision>', 'which of the model’s files').choices(['fp32', 'int8']))
    .option('--size <size>', 'of the network’s input: WIDTHxHEIGHT, pixels', parseSize)
    .option('--source <uri>', 'where the pictures come from, as for `run`', 'demo')
    .option('--duration <time>', 'of each of the three parts: 60s, 10m', parseDuration, 60)
    .option('--rate <rate>', 'pictures a second at most, or max', parseRate)
    .option('--compare <model...>', 'more models, in turns with the first; MODEL:fp32 names the precision', [])
    .option('--json <file>', 'write all figures there (- for standard output)')
    .option('--report <file>', 'write one HTML file with plots there')
    .option('--publish', 'say the summary at …/benchmark, retained, at the broker of --mqtt or the settings', false)
    .option('--mqtt <url>', 'the broker that the daemon is measured with (default: its own)')
    .action((options: BenchOptions) => end(async () => (await import('./commands/bench.js')).bench(options, redactor)));

  program
    .command('cameras')
    .description('list the cameras of this board and its networks, their formats, and what to write as `source`')
    .option('--json', 'one JSON document', false)
    .action((options: CamerasOptions) => end(async () => (await import('./commands/cameras.js')).cameras(options)));

  program
    .command('snapshot')
    .description('take one picture of a camera')
    .argument('<camera>', 'its name in the settings, or an address: demo, rtsp://…, v4l2:/dev/video0, a file')
    .option('-o, --output <file>', 'where the JPEG goes, - for standard output (default: CAMERA.jpg)')
    .option('-c, --config <file>', 'settings (default: the file that `run` would read)')
    .option('--timeout <seconds>', 'that the camera may take', parseSeconds, 20)
    .action((camera: string, options: SnapshotOptions) =>
      end(async () => (await import('./commands/snapshot.js')).snapshot(camera, options, redactor)),
    );

  program
    .command('explain')
    .description('ask a running daemon what a camera saw, and why it was told or not')
    .argument('<camera>', 'its name in the settings')
    .option('--last <time>', 'how far to look back: 30s, 10m', parseDuration, 600)
    .option('--at <x,y>', 'what was seen there alone, fractions of the picture such as 0.5,0.8', parsePlace)
    .option('-c, --config <file>', 'settings that name node and broker (default: the file that `run` would read)')
    .option('--url <url>', 'the broker, such as mqtt://host:1883, in place of that of the settings')
    .option('--node <name>', 'the board, in place of that of the settings')
    .option('--json', 'one JSON document', false)
    .action((camera: string, options: ExplainOptions) =>
      end(async () => (await import('./commands/explain.js')).explain(camera, options, redactor)),
    );

  program
    .command('doctor')
    .description('look at board, cameras, sensors, broker, model and rights, and say what to do')
    .option('-c, --config <file>', 'settings (default: the file that `run` would read)')
    .option('--json', 'one JSON document', false)
    .addHelpText('after', '\nEnds with 0 where nothing fails, else with the exit code of the first thing that does.')
    .action((options: DoctorOptions) =>
      end(async () => (await import('./commands/doctor.js')).doctor(options, redactor)),
    );

  program
    .command('tune')
    .description('measure how this board runs the model best inside your limits, and write it down for `run`')
    .option('-c, --config <file>', 'settings (default: the file that `run` would read)')
    .option('--model <model>', 'a model’s name or folder')
    .option('--source <uri>', 'where the pictures come from', 'demo')
    .option('--fps <rate>', 'pictures a second (default: of the fastest camera, else 10)', parsePositive)
    .option('--max-latency <ms>', 'of an inference, p99 where there are samples enough', parsePositive)
    .option('--max-watts <watts>', 'mean of all that the board’s sensor sees', parsePositive)
    .option('--max-cpu <percent>', 'of one core, for inference', parsePositive)
    .option('--seconds <seconds>', 'for each candidate in the first round', parseSeconds, 1)
    .action((options: TuneOptions) => end(async () => (await import('./commands/tune.js')).tune(options, redactor)));

  program
    .command('proof')
    .description('try all that is promised on this board, and write a file that can be shown to others')
    .option(
      '-c, --config <file>',
      'settings that say what the runtime may use (default: the file that `run` would read)',
    )
    .option('--camera <source>', 'a camera’s source (default: the first of this board, else the demo clip)')
    .option('--minutes <minutes>', 'about so long it takes', parsePositive, 10)
    .option('-o, --output <file>', 'the JSON file; the page lies beside it', 'minspnet-proof.json')
    .addHelpText('after', '\nEnds with 0 where all of it held: see docs/proof.md.')
    .action((options: ProofOptions) => end(async () => (await import('./commands/proof.js')).prove(options, redactor)));

  program
    .command('watch')
    .description('show what the boards say: a table in a terminal, a JSON line an event in a pipe')
    .option('-c, --config <file>', 'settings that name the broker (default: the file that `run` would read)')
    .option('--url <url>', 'the broker, such as mqtt://host:1883, in place of that of the settings')
    .option('--node <name...>', 'only these boards')
    .option('--camera <name...>', 'only these cameras')
    .option('--class <name...>', 'only events of these classes')
    .action((options: WatchOptions) => end(async () => (await import('./commands/watch.js')).watch(options, redactor)));

  program
    .command('forget')
    .description('clear what a node that is no more has left at the broker: retained topics, devices of Home Assistant')
    .argument('[node]', 'by default the one of the settings')
    .option('-c, --config <file>', 'settings that name the broker (default: the file that `run` would read)')
    .option('--url <url>', 'the broker, such as mqtt://host:1883, in place of that of the settings')
    .action((node: string | undefined, options: ForgetOptions) =>
      end(async () => (await import('./commands/forget.js')).forget(node, options, redactor)),
    );

  const service = program.command('service').description('run the daemon as a service of systemd');
  service
    .command('install')
    .description('make its user, settings and units, and start it; again after an update')
    .option('--dry-run', 'print the steps and do nothing', false)
    .action((options: ServiceOptions) => end(async () => (await import('./commands/service.js')).install(options)));
  service
    .command('uninstall')
    .description('stop it and remove its units; settings, state and user stay')
    .option('--purge', 'remove settings, state and user too', false)
    .option('--dry-run', 'print the steps and do nothing', false)
    .action((options: ServiceOptions) => end(async () => (await import('./commands/service.js')).uninstall(options)));
  service
    .command('status')
    .description('whether it runs; ends with 71 where it does not')
    .action(() => end(async () => (await import('./commands/service.js')).status()));
  service
    .command('logs')
    .description('what it said')
    .option('-f, --follow', 'go on as it says more', false)
    .option('-n, --lines <count>', 'of the last lines', parsePositive, 50)
    .action((options: LogsOptions) => end(async () => (await import('./commands/service.js')).logs(options)));

  const config = program.command('config').description('about the settings');
  config
    .command('check')
    .description('look for errors in a settings file')
    .argument('[file]', 'default: the file that `run` would read')
    .action((file?: string) => end(async () => (await import('./commands/config.js')).configCheck(file, redactor)));
  config
    .command('show')
    .description('the settings in force, each with where it was given; secrets are masked')
    .option('-c, --config <file>', 'default: the file that `run` would read')
    .action((options: ConfigShowOptions) =>
      end(async () => (await import('./commands/config.js')).configShow(options, redactor)),
    );
  config
    .command('schema')
    .description('the JSON Schema of a settings file, for editors')
    .action(() => end(async () => (await import('./commands/config.js')).configSchema()));
  return program;
}

/** Runs the command line to an exit code. */
async function main(args: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const redactor = new Redactor();
  redactor.guard(process.stdout);
  redactor.guard(process.stderr);
  const program = commandLine((code) => {
    exitCode = code;
  }, redactor);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    // Commander has said what is wrong; help and version, which it also throws, end with 0.
    return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
  return exitCode;
}

// A reader that has seen enough (`minspnet config schema | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.internal);
});
// Node would write such an error past the streams that nothing secret is written to.
process.on('uncaughtException', (error) => {
  process.stderr.write(`${describeError(error, true)}\n`);
  process.exit(exitCodes.internal);
});
// Not process.exit(): it would cut off output that a pipe has not taken yet.
process.exitCode = await main(process.argv.slice(2));
