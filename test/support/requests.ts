import { type RequestName, requestNames } from '../../src/contract/request.js';
import type { RequestHandlers } from '../../src/mqtt/request-server.js';

/** Handlers that remember what they were asked for, and answer with something of the right shape. */
export function recordingHandlers(): { handlers: RequestHandlers; asked: { name: RequestName; needs: unknown }[] } {
  const asked: { name: RequestName; needs: unknown }[] = [];
  const settings = { camera: 'door', detect: true, fps: 10, minScore: 0.5 };
  const answers: Record<RequestName, unknown> = {
    detect: settings,
    rate: settings,
    minScore: settings,
    snapshot: { topic: 'minspnet/node/door/snapshot', bytes: 1000, width: 640, height: 360 },
    still: { topic: 'minspnet/node/door/still', bytes: 1000, width: 640, height: 360 },
    explain: {
      ...{ camera: 'door', from: '2026-11-25T00:00:00.000Z', to: '2026-11-25T00:10:00.000Z' },
      ...{ looks: 9, still: 1, notes: [], background: [], candidates: [] },
    },
    clearBackground: {},
    restart: {},
    reload: { cameras: ['door'], restartNeeded: [] },
    swapModel: { name: 'minspnet-n', version: '1', precision: 'int8' },
    updateModel: { name: 'minspnet-s', version: '2' },
    benchmark: {},
    crops: { crops: [{ id: 'a-1', camera: 'door', class: 'car', at: '2026-11-25T00:00:00.000Z' }] },
    assign: { assigned: 1, missing: [], pictures: { 'delivery-van': 1 } },
    collect: { pictures: { open: 1 } },
    teach: { name: 'vans', version: '1', classes: ['delivery-van', 'other'], accuracy: 0.9, advice: 'more' },
    models: {
      models: [{ name: 'minspnet-s', version: '1', classes: ['person'], precisions: ['int8'], running: true }],
    },
  };
  const handler = (name: RequestName) => async (needs: unknown) => {
    asked.push({ name, needs });
    return answers[name];
  };
  const handlers = Object.fromEntries(requestNames.map((name) => [name, handler(name)])) as unknown as RequestHandlers;
  return { handlers, asked };
}
