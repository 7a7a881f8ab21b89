import type { RuntimeSettings } from '../config/schema.js';
import { modelOn, type VerifiedModel } from '../contract/model-card.js';
import { type ActiveProvider, onBestProvider, type ProviderName } from './provider.js';

/**
 * Makes a session of a model on the best provider that runs, out of that provider's file.
 *
 * @param open makes a session of a file on these providers; throws where the first of them can't run
 * @returns the model as it runs, too
 * @throws what `open` throws on the CPU: then it is not the provider's fault
 */
export async function openModel<Session>(
  model: VerifiedModel,
  settings: Pick<RuntimeSettings, 'provider' | 'library'>,
  open: (path: string, providers: ProviderName[]) => Promise<Session>,
): Promise<{ session: Session; provider: ActiveProvider; model: VerifiedModel }> {
  const { session, provider } = await onBestProvider(settings, (providers) =>
    open(modelOn(model, providers[0]).path, providers),
  );
  return { session, provider, model: modelOn(model, provider.active) };
}
