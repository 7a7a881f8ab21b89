import { readdir, readFile } from 'node:fs/promises';
import { summaryRows } from '../src/commands/proof/summary.js';
import { isDone, type Proof, proof } from '../src/contract/proof.js';

/** A file of proofs/, as an owner or we have attached it. */
interface Attached {
  name: string;
  proof: Proof;
}

/** docs/proven.md: made of the files in proofs/, all of it. */
export async function provenDocument(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).toSorted();
  const all = await Promise.all(
    names.map(async (name): Promise<Attached> => {
      return { name, proof: proof.parse(JSON.parse(await readFile(`${folder}/${name}`, 'utf8'))) };
    }),
  );
  const lines = [
    '# What is proven, and on what',
    '',
    'Made by `npm run proven` of the files in `proofs/`, which `minspnet proof` wrote on these machines ([proof.md](proof.md)).',
    'What is not in this list was not run by us on such a machine.',
    '',
    ...all.map(
      ({ name, proof }) =>
        `- [${titleOf(proof)}](#${name.replace('.json', '').replaceAll('.', '')}): ${proof.passed ? 'passed' : 'not passed'}`,
    ),
    ...all.flatMap(section),
  ];
  return `${lines.join('\n')}\n`;
}

function titleOf({ architecture, emulator, benchmark }: Proof): string {
  const board = isDone(benchmark) ? `${benchmark.board.model}, ${benchmark.board.cpu}` : 'a board';
  return `${architecture}${emulator === null ? '' : ` under ${emulator}`}, ${board}`;
}

function section({ name, proof }: Attached): string[] {
  const rows = summaryRows(proof).map(([what, text]) => `| ${what} | ${text.replaceAll('|', '\\|')} |`);
  return [
    '',
    `## ${name.replace('.json', '')}`,
    '',
    `\`minspnet proof --minutes ${proof.minutes}\`:`,
    '',
    '| what | how it went |',
    '| --- | --- |',
    ...rows,
  ];
}
