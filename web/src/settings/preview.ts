import type { EventRecord } from '../../../src/contract/event-record.js';
import type { ExplainedCandidate } from '../../../src/contract/explanation.js';

/** What a camera would be set to. */
export interface Trial {
  /** null: the model's own. */
  minScore: number | null;
  /** null: all of the model. */
  classes: readonly string[] | null;
}

export interface Preview {
  /** Were told, and would be. */
  kept: EventRecord[];
  /** Were told, and would not be. */
  lost: EventRecord[];
  /** Were not told, and may be: how sure the tracker would have been is known to nobody but it. */
  perhaps: ExplainedCandidate[];
}

/**
 * What a trial would have made of the last hour. Exact for what was told, since a score below `minScore` or another class
 * is refused whatever else speaks for it; a guess, called so, for what was not.
 */
export function previewOf(
  trial: Trial,
  inForce: Trial,
  records: readonly EventRecord[],
  candidates: readonly ExplainedCandidate[],
): Preview {
  const isWanted = (name: string) => trial.classes?.includes(name) ?? true;
  // Only a score that somebody sets is a floor: the model's own lets through what moves, and what is seen often.
  const floor = trial.minScore === inForce.minScore ? 0 : (trial.minScore ?? 0);
  const passes = ({ class: name, bestScore }: { class: string; bestScore: number }) =>
    isWanted(name) && bestScore >= floor;
  const isLower = trial.minScore !== null && trial.minScore < (inForce.minScore ?? 1);
  const mayBeTold = (candidate: ExplainedCandidate) => {
    if (candidate.track !== null || !passes(candidate)) return false;
    if (candidate.reason === 'class') return inForce.classes !== null && !inForce.classes.includes(candidate.class);
    return isLower && (candidate.reason === 'score' || candidate.reason === 'evidence');
  };
  return {
    kept: records.filter(passes),
    lost: records.filter((record) => !passes(record)),
    perhaps: candidates.filter(mayBeTold),
  };
}
