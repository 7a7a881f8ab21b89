/** A day of this browser's clock, as a pair of instants. */
export interface Day {
  /** ms since 1970. */
  from: number;
  to: number;
}

export function dayOf(at: number): Day {
  const from = new Date(at);
  from.setHours(0, 0, 0, 0);
  const to = new Date(from);
  to.setDate(to.getDate() + 1); // not 24 hours: twice a year a day has 23 or 25
  return { from: from.getTime(), to: to.getTime() };
}

export function shiftDay(day: Day, days: number): Day {
  const from = new Date(day.from);
  from.setDate(from.getDate() + days);
  return dayOf(from.getTime());
}

/** For an `<input type="date">`. */
export function dateText(day: Day): string {
  const date = new Date(day.from);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function dayOfText(text: string): Day | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match) return undefined;
  return dayOf(new Date(Number(match[1]), Number(match[2]) - 1, Number(match[3])).getTime());
}
