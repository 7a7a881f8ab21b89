/**
 * Colours on pictures: they do not follow the theme, since a street is the same by day in both. Chosen to be told apart
 * by people who see red and green alike (after Okabe and Ito, "Color Universal Design", 2008).
 */
const byClass: Readonly<Record<string, string>> = {
  person: '#ffc34d',
  bicycle: '#7ee0a5',
  motorcycle: '#3fc19a',
  car: '#63b8ff',
  bus: '#4d8dff',
  truck: '#8fa3ff',
  cat: '#ff9f80',
  dog: '#ff8fc8',
};
const others = ['#e3d26f', '#9ad0ec', '#d7b0ff', '#f3a683', '#a5e3b5', '#f2a7c3'];

export function classColour(name: string): string {
  const known = byClass[name];
  if (known !== undefined) return known;
  let hash = 0;
  for (const sign of name) hash = (hash * 31 + (sign.codePointAt(0) ?? 0)) >>> 0;
  return others[hash % others.length] as string;
}

export const shapeColours = {
  zone: '#6fe3d2',
  line: '#f5f0a0',
  mask: '#0b0e0f',
  region: '#ffffff',
} as const;
