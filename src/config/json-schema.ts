import { z } from 'zod';
import type { SettingPath } from './path.js';
import { settingsSchema } from './schema.js';

/** The part of JSON Schema that zod makes of our settings. */
export interface SettingSchema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: string[];
  properties?: Record<string, SettingSchema>;
  required?: string[];
  propertyNames?: SettingSchema;
  additionalProperties?: SettingSchema | false;
  items?: SettingSchema | false;
  prefixItems?: SettingSchema[];
  minItems?: number;
  minLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  anyOf?: SettingSchema[];
}

let root: SettingSchema | undefined;

/** The JSON Schema of a settings file; `config/schema.json` is this, written out. */
export function settingsJsonSchema(): SettingSchema {
  root ??= {
    title: 'MINSPNET settings',
    ...z.toJSONSchema(settingsSchema, { io: 'input' }),
  } as SettingSchema;
  return root;
}

/** What may stand at a path, or undefined where nothing may. */
export function schemaAt(path: SettingPath): SettingSchema | undefined {
  let schema: SettingSchema | undefined = settingsJsonSchema();
  for (const step of path) {
    if (schema === undefined) return undefined;
    const child: SettingSchema | false | undefined =
      typeof step === 'number' || schema.type === 'array'
        ? (schema.prefixItems?.[Number(step)] ?? schema.items)
        : schema.properties && Object.hasOwn(schema.properties, step)
          ? schema.properties[step]
          : schema.additionalProperties;
    schema = child || undefined;
  }
  return schema;
}

/** The names that may stand in the mapping at a path; none for a mapping whose names are free (cameras, zones). */
export function namesAt(path: SettingPath): string[] {
  return Object.keys(schemaAt(path)?.properties ?? {});
}

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: SettingSchema): string {
  // zod bounds every integer by what a double can hold; that says nothing to a reader.
  const least = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined;
  const most = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}`;
  const bounds = [
    least !== undefined && `at least ${least}`,
    exclusiveMinimum !== undefined && `above ${exclusiveMinimum}`,
    most !== undefined && `at most ${most}`,
    exclusiveMaximum !== undefined && `below ${exclusiveMaximum}`,
  ].filter(Boolean);
  return bounds.length > 0 ? ` ${bounds.join(' and ')}` : '';
}

/** What a setting accepts, in words. */
export function describeAllowed(schema: SettingSchema): string {
  if (schema.anyOf) return schema.anyOf.map(describeAllowed).join(', or ');
  if (schema.enum) return schema.enum.join(', ');
  switch (schema.type) {
    case 'boolean':
      return 'true or false';
    case 'integer':
      return `a whole number${range(schema)}${schema.multipleOf ? `, a multiple of ${schema.multipleOf}` : ''}`;
    case 'number':
      return `a number${range(schema)}`;
    case 'string':
      return 'a text';
    case 'array': {
      if (schema.prefixItems) return `a list of ${schema.prefixItems.length}: ${schema.description ?? 'values'}`;
      return `a list${schema.minItems ? ` of at least ${schema.minItems}` : ''}${schema.description ? `: ${schema.description}` : ''}`;
    }
    default:
      return schema.properties
        ? `a mapping with ${Object.keys(schema.properties).join(', ')}`
        : 'a mapping of names to settings';
  }
}
