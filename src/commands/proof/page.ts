import { escapeHtml } from '../../bench/chart.js';
import { benchmarkSections, factList, htmlPage, htmlTable } from '../../bench/html-report.js';
import { isDone, type Proof } from '../../contract/proof.js';
import { summaryRows } from './summary.js';

/** A proof as one HTML file that loads nothing: all that its JSON file holds that a person wants to read. */
export function proofPage(proof: Proof): string {
  const { benchmark, doctor, passed, minutes, version } = proof;
  const board = isDone(benchmark) ? benchmark.board.model : proof.architecture;
  const checks = doctor.map(({ name, status, message }) => [name, status, message ?? ''].map(escapeHtml));
  const sections = [
    `<section><h2>What was proven</h2>${factList(summaryRows(proof))}</section>`,
    isDone(benchmark) ? benchmarkSections(benchmark) : '',
    `<section><h2>What doctor found</h2>${htmlTable(['check', 'status', 'about the board'], checks)}</section>`,
  ];
  const about = `${passed ? 'passed' : 'not passed'} · minspnet proof --minutes ${minutes} · ${version} · ${proof.at}`;
  return htmlPage(`Proof: MINSPNET on ${board}`, about, sections.join('\n'));
}
