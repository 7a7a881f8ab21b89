/** Runs a command in this process: a start of Node for each would take seconds. @returns what it printed */
export async function printed(command: () => Promise<number>): Promise<string> {
  const write = process.stdout.write;
  let text = '';
  process.stdout.write = ((chunk: string | Uint8Array) => {
    text += String(chunk);
    return true;
  }) as typeof process.stdout.write;
  try {
    await command();
    return text;
  } finally {
    process.stdout.write = write;
  }
}
