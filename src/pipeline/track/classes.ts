/** Classes that a small network takes for one another from picture to picture. */
const confusable = [
  ['car', 'truck', 'bus'],
  ['bicycle', 'motorcycle'],
  ['cat', 'dog'],
];

const kindOfClass = new Map(confusable.flatMap((names) => names.map((name) => [name, names.join('/')] as const)));

/** The name of the set of classes that this one may be confused with, itself included. */
export function kindOf(className: string): string {
  return kindOfClass.get(className) ?? className;
}

/** Whether a part of such an object may look like a whole one: an arm like a person, a head from behind like a cat. */
export function partsMislead(className: string): boolean {
  return kindOf(className) !== kindOf('car');
}

/**
 * How fast objects of a class may be when first seen (one standard deviation), in their own sizes a second. A person
 * of 1.7 m by 0.5 m walks 1.5 sizes a second; a car at 50 km/h drives 5.
 */
export function topSpeed(className: string): number {
  return className === 'person' ? 2 : kindOf(className) === kindOf('car') ? 5 : 4;
}

/** A challenger needs this many times the votes of the class in office. */
const majority = 1.25;

/** What a track is, by the sum of its detections' probabilities: one wrong picture changes nothing. */
export class ClassVote {
  readonly #votes = new Map<string, number>();

  add(className: string, probability: number): void {
    this.#votes.set(className, (this.#votes.get(className) ?? 0) + probability);
  }

  addAll(other: ClassVote): void {
    for (const [className, votes] of other.#votes) this.add(className, votes);
  }

  /** The winner among the classes that `allowed` lets through; `office` stays unless clearly beaten. */
  winner(office: string | undefined, allowed: (className: string) => boolean = () => true): string | undefined {
    let winner = office;
    let most = office === undefined ? 0 : (this.#votes.get(office) ?? 0) * majority;
    for (const [className, votes] of this.#votes) {
      if (className === office || votes <= most || !allowed(className)) continue;
      winner = className;
      most = votes;
    }
    return winner;
  }
}
