/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i]);
  const cell = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let j = 1; j <= b.length; j++) rows[0]?.push(j);
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const replaced = cell(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? cell(i - 2, j - 2) + 1 : replaced;
      rows[i]?.push(Math.min(cell(i - 1, j) + 1, cell(i, j - 1) + 1, replaced, swapped));
    }
  }
  return cell(a.length, b.length);
}

/** The way a name is compared: `base_topic`, `BaseTopic` and `base-topic` are all meant as `baseTopic`. */
export function normaliseName(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, '');
}

/** The known name that was most likely meant, or undefined where none is near: more than a third is wrong. */
export function nearestName(unknown: string, known: readonly string[]): string | undefined {
  const typed = normaliseName(unknown).slice(0, 64);
  const [best] = known
    .map((name) => ({ name, distance: editDistance(typed, normaliseName(name)) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(Math.max(typed.length, name.length) / 3)))
    .sort((a, b) => a.distance - b.distance);
  return best?.name;
}
