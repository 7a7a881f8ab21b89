import type { ClassifierSettings, StateSettings } from '../config/learnt-settings.js';
import type { Attribute } from '../contract/event.js';
import type { Box } from '../contract/geometry.js';
import type { LiveTrack } from '../contract/live.js';
import { AttributeVote, qualityOf } from '../pipeline/attribute-vote.js';
import type { Cut } from '../pipeline/capture/cut.js';
import type { Classifier } from '../pipeline/classifier.js';
import { StateWatch } from '../pipeline/state-watch.js';
import type { CaptureTime } from '../timing/monotonic.js';
import type { FromEngine } from './protocol.js';
import { regionStateOf, type StateChange, stateEventOf } from './state-report.js';

/** How much of the surroundings an object is shown with, as a share of its box on each side: as in its snapshots. */
const margin = 0.25;

export interface SecondLookOptions {
  states: Readonly<Record<string, StateSettings>>;
  classifiers: Readonly<Record<string, ClassifierSettings>>;
  /** The classifier of a model, if it is there. */
  find: (model: string) => Classifier | undefined;
  /** Runs the job as soon as the network is free. */
  enqueue: (job: () => Promise<void>) => void;
  attribute: (track: string, name: string, attribute: Attribute) => void;
  camera: string;
  /** Begins the ids of this camera’s events; no other camera has it. */
  runId: string;
  send: (message: FromEngine) => void;
}

/** Something that is to be classified in a picture. */
export interface Look {
  cut: Cut;
  /** @param bytes of the cut's tensor */
  see: (bytes: Uint8Array<ArrayBuffer>) => void;
}

/** What is asked of a camera's pictures besides where objects are: what kind they are, and in which state regions are. */
export class SecondLook {
  readonly #states: ReadonlyMap<string, StateWatch>;
  /** States of which it was told what holds; before, an earlier one's word may still stand. */
  readonly #told = new Set<string>();
  /** States that were looked at before: the first look is no change. */
  readonly #seen = new Set<string>();
  /** Changes when looks that are on their way have nothing to say any more: pictures or weights of before. */
  #epoch = 0;
  /** By track, then by classifier. */
  readonly #votes = new Map<string, Map<string, AttributeVote>>();

  constructor(private readonly options: SecondLookOptions) {
    this.#states = new Map(
      Object.entries(options.states).map(([name, settings]) => [name, new StateWatch(settings)] as const),
    );
  }

  /**
   * What is to be looked at in a picture.
   *
   * @param tracks that are told, as they stand in it
   * @param still nothing has changed since the last one
   */
  wanted(tracks: readonly LiveTrack[], still: boolean, time: CaptureTime): Look[] {
    const looks = this.#ofStates(still, time);
    if (!still) looks.push(...this.#ofTracks(tracks, time));
    for (const id of this.#votes.keys()) if (!tracks.some((track) => track.id === id)) this.#votes.delete(id);
    return looks;
  }

  /** Other weights are in force. */
  relearnt(): void {
    this.#epoch += 1;
    this.#votes.clear();
    for (const watch of this.#states.values()) watch.relearnt();
  }

  /** Another one takes its place: looks that are on their way say nothing any more. */
  end(): void {
    this.#epoch += 1;
  }

  /** No more pictures come for now, so nobody knows. */
  lost(time: CaptureTime): void {
    this.#epoch += 1;
    for (const [name, watch] of this.#states) {
      const before = watch.state;
      if (watch.reset()) this.#changed(name, watch, before, time);
    }
  }

  #ofStates(still: boolean, time: CaptureTime): Look[] {
    const looks: Look[] = [];
    for (const [name, watch] of this.#states) {
      const settings = this.options.states[name];
      const classifier = this.options.find(settings?.model ?? name);
      if (classifier === undefined && !this.#told.has(name)) this.#tell(name, watch, watch.state, time);
      if (settings === undefined || classifier === undefined || !watch.isDue(time.monotonicMs, still)) continue;
      watch.looking(time.monotonicMs);
      looks.push(
        this.#look(classifier, settings.region, watch.state, async (answers) => {
          const [best] = answers;
          const before = watch.state;
          if (best === undefined) return;
          if (watch.see(best, time.monotonicMs)) this.#changed(name, watch, before, time);
          else if (!this.#told.has(name)) this.#tell(name, watch, before, time);
          this.#seen.add(name);
        }),
      );
    }
    return looks;
  }

  /** As retained state, and as an event but for the first one, which is no change. */
  #changed(name: string, watch: StateWatch, before: string, time: CaptureTime): void {
    const change = this.#tell(name, watch, before, time);
    if (!this.#seen.has(name)) return;
    const id = `${this.options.runId}-s${Math.round(time.monotonicMs)}`;
    this.options.send({ kind: 'observation', observation: stateEventOf(change, id) });
  }

  /** As retained state. */
  #tell(name: string, watch: StateWatch, before: string, time: CaptureTime): StateChange {
    const { states, camera, send } = this.options;
    const { classes, region } = states[name] as StateSettings;
    const change = { camera, name, classes, region, watch, before, time };
    this.#told.add(name);
    send({ kind: 'region-state', state: regionStateOf(change) });
    return change;
  }

  #ofTracks(tracks: readonly LiveTrack[], time: CaptureTime): Look[] {
    const looks: Look[] = [];
    for (const { id, class: className, score, box, seen } of tracks) {
      if (!seen) continue;
      for (const [name, settings] of Object.entries(this.options.classifiers)) {
        if (!settings.classes.includes(className)) continue;
        const classifier = this.options.find(settings.model);
        const vote = this.#voteOf(id, name, settings);
        const quality = qualityOf(score, box);
        if (classifier === undefined || !vote.wants(quality, time.monotonicMs)) continue;
        vote.looking(time.monotonicMs);
        looks.push(
          this.#look(classifier, widened(box), undefined, async (answers) => {
            const attribute = vote.see(quality, answers);
            if (attribute !== undefined) this.options.attribute(id, name, attribute);
          }),
        );
      }
    }
    return looks;
  }

  #look(
    classifier: Classifier,
    box: Box,
    held: string | undefined,
    tell: (answers: Awaited<ReturnType<Classifier['classify']>>) => Promise<void>,
  ): Look {
    const { input, fill, resize } = classifier.input();
    if (input === undefined) throw new TypeError('a classifier’s input has a size of its own');
    const epoch = this.#epoch;
    const see: Look['see'] = (bytes) =>
      this.options.enqueue(async () => {
        const answers = await classifier.classify({ bytes, input, fitted: input }, held);
        if (epoch === this.#epoch) await tell(answers);
      });
    return { cut: { box, tensor: { input, fill, resize } }, see };
  }

  #voteOf(track: string, name: string, settings: ClassifierSettings): AttributeVote {
    let votes = this.#votes.get(track);
    if (votes === undefined) {
      votes = new Map();
      this.#votes.set(track, votes);
    }
    let vote = votes.get(name);
    if (vote === undefined) {
      vote = new AttributeVote(settings);
      votes.set(name, vote);
    }
    return vote;
  }
}

function widened([left, top, right, bottom]: Box): Box {
  const [x, y] = [(right - left) * margin, (bottom - top) * margin];
  return [Math.max(0, left - x), Math.max(0, top - y), Math.min(1, right + x), Math.min(1, bottom + y)];
}
