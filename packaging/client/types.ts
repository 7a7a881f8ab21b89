import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { event, gap } from '../../src/contract/event.js';
import { health } from '../../src/contract/health.js';
import { type RequestName, requestNames, requests, response } from '../../src/contract/request.js';
import { cameraState, cameraStatus, info, status } from '../../src/contract/status.js';
import { repository } from '../shipped.js';
import { type JsonSchema, typeOf } from './json-schema-types.js';

/** Those of the compiler that name no type of zod or mqtt.js. */
const plain = [
  ...['client', 'index', 'messages', 'requests', 'sequence', 'stream'].map((name) => `client/${name}`),
  'contract/errors',
  'session/access',
];

/**
 * Writes the types of the client into a folder, without a word of zod: users would have to install it, and compilers to
 * work through it, only to learn what an event holds.
 */
export async function writeTypes(folder: string): Promise<void> {
  for (const file of plain) {
    const target = join(folder, `${file}.d.ts`);
    await mkdir(dirname(target), { recursive: true });
    await cp(join(repository, 'dist/src', `${file}.d.ts`), target);
  }
  const index = join(folder, 'client/index.d.ts');
  // For `await using`; compilers that are set to an older standard do not know it by themselves.
  await writeFile(index, `/// <reference lib="esnext.disposable" />\n${await readFile(index, 'utf8')}`);

  const contract: Record<string, string[]> = {
    event: [
      typeDeclaration('Event', event),
      "export type EventType = Event['type'];",
      typeDeclaration('Gap', gap),
      'export type EventMessage = Event | Gap;',
    ],
    health: [typeDeclaration('Health', health)],
    status: [
      typeDeclaration('Status', status),
      typeDeclaration('Info', info),
      typeDeclaration('CameraState', cameraState),
      typeDeclaration('CameraStatus', cameraStatus),
    ],
    request: [
      typeDeclaration('Response', response),
      `/** By the name of a request: what it is asked with, and what the answer holds. */`,
      `interface Requests {\n${requestNames.map(requestOf).join('\n')}\n}`,
      'export type RequestName = keyof Requests;',
      "export type RequestInput<Name extends RequestName> = Requests[Name]['input'];",
      "export type RequestGives<Name extends RequestName> = Requests[Name]['gives'];",
    ],
  };
  for (const [file, lines] of Object.entries(contract)) {
    await writeFile(join(folder, 'contract', `${file}.d.ts`), `${lines.join('\n')}\nexport {};\n`);
  }
}

function typeDeclaration(name: string, schema: z.ZodType): string {
  return `export type ${name} = ${typeOf(given(schema))};`;
}

function requestOf(name: RequestName): string {
  const { needs, gives, summary } = requests[name];
  const input = typeOf(z.toJSONSchema(needs, { io: 'input' }) as JsonSchema, '    ');
  return `  /** ${summary} */\n  ${name}: {\n    input: ${input};\n    gives: ${typeOf(given(gives), '    ')};\n  };`;
}

/** What a reader has of it. */
function given(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'output' }) as JsonSchema;
}
