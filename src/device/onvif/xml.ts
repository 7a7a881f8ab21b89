// ONVIF's answers are asked for single values, with whatever prefix a camera gives its names: a parser of all of XML would be
// more code than all of this, and what has no such value is no answer either way.

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The texts of all elements of that local name, in order. */
export function textsOf(xml: string, name: string): string[] {
  const element = new RegExp(`<(?:[\\w.-]+:)?${name}(?:\\s[^<>]*)?>([^<]*)<`, 'g');
  return [...xml.matchAll(element)].map(([, text = '']) => decode(text).trim());
}

export function textOf(xml: string, name: string): string | undefined {
  return textsOf(xml, name)[0];
}

/** The parts of a document that begin with an element of that name, each up to the next one, with its tag. */
export function partsOf(xml: string, name: string): string[] {
  return xml.split(new RegExp(`<(?:[\\w.-]+:)?(?=${name}[\\s>])`)).slice(1);
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function decode(text: string): string {
  return text.replace(/&(?:#(\d{1,6})|(\w{2,4}));/g, (whole, code: string | undefined, name: string | undefined) =>
    code === undefined ? (entities[name ?? ''] ?? whole) : String.fromCodePoint(Number(code)),
  );
}
