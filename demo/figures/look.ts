import { type Colour, hex } from '../colour.js';
import type { Random } from '../random.js';
import type { Build } from './pose.js';

export type Top = 'shirt' | 'longsleeve' | 'jacket' | 'hoodie' | 'coat';
export type Bottom = 'trousers' | 'shorts' | 'skirt' | 'dress' | 'leggings';
export type Hair = 'short' | 'long' | 'bun' | 'bald' | 'cap' | 'beanie' | 'helmet' | 'motohelmet';
export type Bag = 'none' | 'backpack' | 'shoulder' | 'shopping' | 'suitcase';

/** What somebody looks like. */
export interface Look {
  build: Build;
  skin: Colour;
  hair: Hair;
  hairColour: Colour;
  top: Top;
  topColour: Colour;
  /** A second colour: stripes, a collar, the shirt under a jacket. */
  accent: Colour;
  stripes: boolean;
  bottom: Bottom;
  bottomColour: Colour;
  shoe: Colour;
  bag: Bag;
  bagColour: Colour;
}

const SKINS = ['#f0c8a8', '#e3b08c', '#d09a74', '#b07a54', '#8a5a3c', '#5d3b28', '#4a2e20'].map(hex);
const HAIRS = ['#17120f', '#2a1c14', '#46301f', '#6d4a2c', '#a8823f', '#cdb27a', '#8b8781', '#6e2f1c'].map(hex);
const TOPS = [
  '#1d2530',
  '#23324c',
  '#2f4f7a',
  '#4a78a8',
  '#9db8cf',
  '#e8e6e0',
  '#c9c4ba',
  '#8a8d90',
  '#4c5054',
  '#232325',
  '#7b2230',
  '#b33a32',
  '#d98a3c',
  '#dcb646',
  '#586b3a',
  '#2f5140',
  '#6d8f78',
  '#7a5a8c',
  '#c98a98',
  '#8b6a4c',
  '#3d2f2a',
  '#f4f2ee',
].map(hex);
const BOTTOMS = [
  '#1c2230',
  '#26344e',
  '#3b537a',
  '#5c7596',
  '#2a2a2c',
  '#3c3c40',
  '#5a5650',
  '#85765c',
  '#a6977a',
  '#463a30',
  '#1a1a1c',
  '#6e7278',
].map(hex);
const SHOES = ['#181818', '#2b2320', '#e9e7e2', '#6a4a34', '#4c4c50', '#8a2f2f', '#d8d4cc'].map(hex);
const BAGS = ['#1b1d22', '#2d3d2c', '#6a4630', '#8a2d2d', '#24406a', '#b08850', '#55585c', '#d8d0c0'].map(hex);

export function randomLook(random: Random): Look {
  const child = random.chance(0.1);
  const slight = random.chance(0.5);
  const height = child ? random.range(1.0, 1.42) : slight ? random.range(1.55, 1.74) : random.range(1.68, 1.92);
  const build: Build = {
    height,
    girth: child ? random.range(0.95, 1.15) : 1 + random.normal() * 0.11,
    shoulders: child ? 0.94 : slight ? random.range(0.9, 1) : random.range(1, 1.12),
    headSize: child ? 1.3 - (height - 1) * 0.35 : 1,
  };
  const bottom: Bottom = slight
    ? random.pick(['trousers', 'trousers', 'leggings', 'skirt', 'dress', 'shorts'])
    : random.pick(['trousers', 'trousers', 'trousers', 'trousers', 'shorts']);
  const hair: Hair = slight
    ? random.pick(['long', 'long', 'bun', 'short', 'beanie', 'cap'])
    : random.pick(['short', 'short', 'short', 'short', 'bald', 'cap', 'beanie']);
  return {
    build,
    skin: random.pick(SKINS),
    hair,
    hairColour: hair === 'cap' || hair === 'beanie' ? random.pick(TOPS) : random.pick(HAIRS),
    top:
      bottom === 'dress'
        ? random.pick<Top>(['shirt', 'longsleeve'])
        : random.pick<Top>(['shirt', 'longsleeve', 'longsleeve', 'jacket', 'jacket', 'hoodie', 'coat']),
    topColour: random.pick(TOPS),
    accent: random.pick(TOPS),
    stripes: random.chance(0.12),
    bottom,
    bottomColour: random.pick(BOTTOMS),
    shoe: random.pick(SHOES),
    bag: child
      ? random.pick<Bag>(['none', 'backpack'])
      : random.pick<Bag>(['none', 'none', 'none', 'backpack', 'shoulder', 'shopping', 'suitcase']),
    bagColour: random.pick(BAGS),
  };
}
