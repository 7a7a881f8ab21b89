import type { CurvePoint, Taught } from './teach.js';

const font = 'font-family="sans-serif" font-size="12"';

/** The confusion matrix as SVG: a row what was shown, a column what was said. */
export function confusionSvg(classes: readonly string[], confusion: Taught['measured']['confusion']): string {
  const cell = classes.length > 12 ? 28 : 44;
  const margin = Math.min(200, 24 + 7 * Math.max(...classes.map((name) => name.length)));
  const side = margin + cell * classes.length + 24;
  const parts: string[] = [];
  confusion.forEach((row, y) => {
    const total = Math.max(
      1,
      row.reduce((a, b) => a + b, 0),
    );
    const top = margin + y * cell;
    parts.push(
      `<text x="${margin - 6}" y="${top + cell / 2 + 4}" text-anchor="end">${escapeXml(classes[y] ?? '')}</text>`,
    );
    const middle = margin + y * cell + cell / 2;
    parts.push(
      `<text transform="translate(${middle + 4} ${margin - 6}) rotate(-90)">${escapeXml(classes[y] ?? '')}</text>`,
    );
    row.forEach((count, x) => {
      const share = count / total;
      const fill = x === y ? '#0072B2' : '#D55E00'; // Okabe and Ito 2008
      parts.push(
        `<rect x="${margin + x * cell}" y="${top}" width="${cell}" height="${cell}" fill="${fill}" ` +
          `fill-opacity="${share.toFixed(3)}" stroke="#ccc"/>`,
      );
      if (count === 0) return;
      const ink = share > 0.6 ? '#fff' : '#000';
      const at = `x="${margin + x * cell + cell / 2}" y="${top + cell / 2 + 4}"`;
      parts.push(`<text ${at} text-anchor="middle" fill="${ink}">${count}</text>`);
    });
  });
  return svg(side, side, 'Confusion matrix: rows are what was shown, columns what was said', parts);
}

/** The learning curve as SVG: accuracy over pictures a class, with one deviation to each side. */
export function curveSvg(curve: readonly CurvePoint[]): string {
  const [width, height, left, bottom] = [480, 280, 48, 40];
  const most = Math.log2(Math.max(2, ...curve.map(({ perClass }) => perClass)));
  const x = (perClass: number) => left + (Math.log2(perClass) / most) * (width - left - 24);
  const y = (accuracy: number) => 16 + (1 - accuracy) * (height - 16 - bottom);
  const parts: string[] = [];
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    parts.push(`<line x1="${left}" x2="${width - 24}" y1="${y(share)}" y2="${y(share)}" stroke="#ddd"/>`);
    parts.push(`<text x="${left - 6}" y="${y(share) + 4}" text-anchor="end">${100 * share} %</text>`);
  }
  const points = curve.map(({ perClass, accuracy }) => `${x(perClass).toFixed(1)},${y(accuracy).toFixed(1)}`);
  parts.push(`<polyline points="${points.join(' ')}" fill="none" stroke="#0072B2" stroke-width="2"/>`);
  for (const { perClass, accuracy, deviation } of curve) {
    const [upper, lower] = [Math.min(1, accuracy + deviation), Math.max(0, accuracy - deviation)];
    const at = x(perClass).toFixed(1);
    parts.push(
      `<line x1="${at}" x2="${at}" y1="${y(upper).toFixed(1)}" y2="${y(lower).toFixed(1)}" stroke="#0072B2"/>`,
    );
    parts.push(`<circle cx="${at}" cy="${y(accuracy).toFixed(1)}" r="4" fill="#0072B2"/>`);
    parts.push(`<text x="${at}" y="${height - bottom + 16}" text-anchor="middle">${perClass}</text>`);
  }
  parts.push(`<text x="${width / 2}" y="${height - 8}" text-anchor="middle">pictures a class</text>`);
  return svg(width, height, 'Learning curve: accuracy on pictures that were held out', parts);
}

function svg(width: number, height: number, title: string, parts: readonly string[]): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ${font}>\n` +
    `<title>${title}</title>\n<rect width="100%" height="100%" fill="#fff"/>\n${parts.join('\n')}\n</svg>\n`
  );
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
