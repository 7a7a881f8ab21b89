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

/** The JSON Schema of a settings file; `config/schema.json` is this, written out. */
export function settingsJsonSchema(): SettingSchema {
  return { title: 'MINSPNET settings', ...z.toJSONSchema(settingsSchema, { io: 'input' }) } as SettingSchema;
}

/** What may stand at a path, or undefined where nothing may. */
export function schemaAt(path: SettingPath): SettingSchema | undefined {
  const schema = zodAt(path);
  return schema && (z.toJSONSchema(schema, { io: 'input' }) as SettingSchema);
}

/** The names that may stand in the mapping at a path; none for a mapping whose names are free (cameras, zones). */
export function namesAt(path: SettingPath): string[] {
  const schema = bare(zodAt(path));
  return schema?._zod.def.type === 'object' ? Object.keys(schema._zod.def.shape) : [];
}

/** Whether whoever writes the mapping at a path chooses its names. */
export function isFreeAt(path: SettingPath): boolean {
  return bare(zodAt(path))?._zod.def.type === 'record';
}

/** To make a JSON Schema of all settings takes as long as to load all that reads them, so it is made of what is asked for. */
function zodAt(path: SettingPath): z.core.$ZodType | undefined {
  return path.reduce<z.core.$ZodType | undefined>((schema, step) => childOf(bare(schema), step), settingsSchema);
}

/** Without what stands around what a value has to be: defaults, and what is done with it then. */
function bare(schema: z.core.$ZodType | undefined): z.core.$ZodTypes | undefined {
  const inner = schema as z.core.$ZodTypes | undefined;
  const def = inner?._zod.def;
  if (def === undefined) return undefined;
  if ('innerType' in def) return bare(def.innerType);
  return def.type === 'pipe' ? bare(def.in) : inner;
}

function childOf(schema: z.core.$ZodTypes | undefined, step: string | number): z.core.$ZodType | undefined {
  const def = schema?._zod.def;
  switch (def?.type) {
    case 'object':
      return Object.hasOwn(def.shape, step) ? def.shape[step] : undefined;
    case 'record':
      return def.valueType;
    case 'array':
      return def.element;
    case 'tuple':
      return def.items[Number(step)] ?? def.rest ?? undefined;
    default:
      return undefined;
  }
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
