import { useLanguage } from '../app/context.js';
import { classColour } from '../draw/colours.js';

/** Which classes count. `null`: all of the model, also those that another model will know. */
export function ClassChoice({
  label,
  classes,
  chosen,
  onChange,
}: {
  label: string;
  classes: readonly string[];
  chosen: readonly string[] | null;
  onChange(chosen: string[] | null): void;
}) {
  const { t, className } = useLanguage();
  // A class that another model knew stays visible, so that it can be taken away.
  const offered = [...new Set([...classes, ...(chosen ?? [])])];
  const toggle = (name: string) => {
    const before = chosen ?? offered;
    const after = before.includes(name) ? before.filter((each) => each !== name) : [...before, name];
    onChange(after.length === 0 || offered.every((each) => after.includes(each)) ? null : after);
  };
  return (
    <fieldset class="field classes">
      <legend>{label}</legend>
      <span class="quiet">{chosen === null ? t('classes.all') : ''}</span>
      <div class="row">
        {offered.map((name) => (
          <label key={name} class="check">
            <input type="checkbox" checked={chosen?.includes(name) ?? true} onChange={() => toggle(name)} />
            <i class="swatch" style={{ background: classColour(name) }} />
            {className(name)}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
