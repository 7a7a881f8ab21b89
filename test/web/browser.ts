import axe from 'axe-core';
// playwright-core: drives the Chromium that is installed; it brings no browser of its own.
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { Test } from 'tap';
import type { Box } from '../../src/contract/geometry.js';
import { findProgram } from '../support/broker.js';

const program = ['chromium', 'chromium-browser', 'google-chrome'].map(findProgram).find((path) => path !== undefined);

/** For `t.test(name, { skip })`: why a test of the page can't run, or false. */
export const noChromium: string | false = program === undefined && 'needs chromium, which is not in PATH';

/** A machine with other work takes long to start a browser, ms. */
const startMs = 90_000;

/** No sandbox: the page is our own, and root and many containers can't make one. */
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];

export async function launch(t: Test): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: program ?? '',
    timeout: startMs,
    args: [...flags, '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
  });
  t.teardown(() => browser.close());
  return browser;
}

/** A page with all that it said to its console, which should be nothing. */
export interface Visit {
  page: Page;
  complaints: string[];
}

export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', ...options });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
  await page.addInitScript(recordDrawing);
  await page.goto(url);
  return { page, complaints };
}

/** What axe finds that shuts somebody out: serious and critical, as `rule: element`. */
export async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as axe.AxeResults;
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
}

/** A picture as it was drawn on a canvas, with the boxes that were drawn over it. */
export interface Drawn {
  /** Grey levels of the picture itself at 160x90, row by row. */
  grey: Uint8Array;
  /** Fractions of the picture. */
  boxes: Box[];
  /** Those that were drawn dashed. */
  dashed: Box[];
}

/** Of the pictures in which boxes were drawn, all since the last call; at most 120. Each is taken once, however often it was drawn. */
export async function takeDrawn(page: Page): Promise<Drawn[]> {
  // As text: what the protocol makes of arrays takes a second a picture.
  const taken = await page.evaluate(() => {
    const { drawn } = globalThis as unknown as { drawn: Drawn[] };
    return drawn.splice(0).map(({ grey, ...boxes }) => ({ text: btoa(String.fromCharCode(...grey)), ...boxes }));
  });
  return taken.map(({ text, ...boxes }) => ({ grey: Buffer.from(text, 'base64'), ...boxes }));
}

/** Resolves once so many pictures with boxes have been drawn since the last call of `takeDrawn`. */
export async function untilDrawn(page: Page, count: number, timeout: number): Promise<void> {
  const isEnough = (least: number) => (globalThis as unknown as { drawn: Drawn[] }).drawn.length >= least;
  await page.waitForFunction(isEnough, count, { timeout, polling: 200 });
}

/**
 * Runs in the page before it: keeps what is drawn, as the canvas is told to draw it. Nothing that the page says of itself is
 * believed. Each box is drawn twice, a dark one below a coloured one; the coloured one counts.
 */
function recordDrawing(): void {
  const drawn: Drawn[] = [];
  Object.assign(globalThis, { drawn });
  // Typed for browsers elsewhere: these tests are compiled for Node.
  // biome-ignore lint/suspicious/noExplicitAny: see above.
  const global = globalThis as any;
  const prototype = global.CanvasRenderingContext2D.prototype;
  const { drawImage, strokeRect } = prototype;
  const small = new global.OffscreenCanvas(160, 90).getContext('2d', { willReadFrequently: true });
  let place: number[] = [];
  let newest: unknown;
  let current: Drawn | undefined;
  prototype.drawImage = function (image: unknown, ...where: number[]) {
    drawImage.call(this, image, ...where);
    current = undefined;
    if (image === newest) return;
    newest = image;
    small.imageSmoothingQuality = 'high';
    small.drawImage(image, 0, 0, 160, 90);
    const { data } = small.getImageData(0, 0, 160, 90);
    const grey = Uint8Array.from({ length: 160 * 90 }, (_, i) =>
      Math.round(0.299 * data[i * 4] + 0.587 * data[i * 4 + 1] + 0.114 * data[i * 4 + 2]),
    );
    place = where;
    current = { grey, boxes: [], dashed: [] };
  };
  prototype.strokeRect = function (x: number, y: number, width: number, height: number) {
    strokeRect.call(this, x, y, width, height);
    if (current === undefined || this.strokeStyle === '#000000') return;
    const isFirst = current.boxes.length + current.dashed.length === 0;
    if (isFirst && drawn.length < 120) drawn.push(current);
    const [left = 0, top = 0, across = 1, down = 1] = place;
    const box: Box = [(x - left) / across, (y - top) / down, (x + width - left) / across, (y + height - top) / down];
    (this.getLineDash().length === 0 ? current.boxes : current.dashed).push(box);
  };
}
