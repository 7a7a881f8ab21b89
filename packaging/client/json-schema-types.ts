/**
 * TypeScript's types of JSON Schemas, for the few words that those of the contract use. The usual library for it brings
 * Prettier and lodash, and knows no `prefixItems`.
 */
export type JsonSchema = { readonly [key: string]: unknown };

/**
 * @param indent of the line that the type stands in
 * @throws if the schema says something that is not known here
 */
export function typeOf(schema: JsonSchema, indent = ''): string {
  const { type, anyOf, oneOf, allOf } = schema;
  const each = (list: unknown) => (list as JsonSchema[]).map((one) => typeOf(one, indent));
  if ('const' in schema) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (anyOf !== undefined || oneOf !== undefined) return each(anyOf ?? oneOf).join(' | ');
  if (allOf !== undefined)
    return each(allOf)
      .map((part) => `(${part})`)
      .join(' & ');
  if (Array.isArray(type)) return type.map((one) => typeOf({ ...schema, type: one }, indent)).join(' | ');
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type;
    case 'number':
    case 'integer':
      return 'number';
    case 'array':
      return arrayOf(schema, indent);
    case 'object':
      return objectOf(schema, indent);
    case undefined:
      if (!('$ref' in schema)) return 'unknown';
  }
  throw new Error(`no type is known for ${JSON.stringify(schema)}`);
}

function arrayOf({ prefixItems, items }: JsonSchema, indent: string): string {
  if (Array.isArray(prefixItems)) return `[${prefixItems.map((item) => typeOf(item, indent)).join(', ')}]`;
  return `(${typeOf((items ?? {}) as JsonSchema, indent)})[]`;
}

function objectOf({ properties = {}, required = [], additionalProperties }: JsonSchema, indent: string): string {
  const entries = Object.entries(properties as Record<string, JsonSchema>);
  if (entries.length === 0) {
    const values = typeof additionalProperties === 'object' ? (additionalProperties as JsonSchema) : undefined;
    return `Record<string, ${values === undefined ? 'never' : typeOf(values, indent)}>`;
  }
  const inner = `${indent}  `;
  const lines = entries.flatMap(([name, schema]) => {
    const isRequired = (required as string[]).includes(name);
    const comment = schema.description === undefined ? [] : [`${inner}/** ${schema.description} */`];
    const text = typeOf(schema, inner);
    return [...comment, `${inner}${JSON.stringify(name)}${isRequired ? `: ${text}` : `?: ${text} | undefined`};`];
  });
  return `{\n${lines.join('\n')}\n${indent}}`;
}
