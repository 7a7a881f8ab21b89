/**
 * Intervals that a browser does not slow down in a hidden tab, as it does a page's own: MQTT's keep-alive would be late, and
 * the broker would end the session. It stands in the place of the package `worker-timers`, which takes 11 kB.
 */
const program =
  'const timers={};onmessage=({data:[id,ms]})=>{' +
  'if(ms===undefined)clearInterval(timers[id]);else timers[id]=setInterval(()=>postMessage(id),ms)}';

interface TimerWorker {
  onmessage: (message: { data: number }) => void;
  postMessage(message: unknown): void;
}

let worker: TimerWorker | undefined;
let last = 0;
const callbacks = new Map<number, () => void>();

export function setInterval(callback: () => void, ms: number): number {
  const { Blob, URL, Worker } = globalThis as unknown as {
    Blob: new (parts: string[]) => object;
    URL: { createObjectURL(blob: object): string };
    Worker: new (url: string) => TimerWorker;
  };
  worker ??= new Worker(URL.createObjectURL(new Blob([program])));
  worker.onmessage = ({ data }) => callbacks.get(data)?.();
  callbacks.set(++last, callback);
  worker.postMessage([last, ms]);
  return last;
}

export function clearInterval(id: number): void {
  if (callbacks.delete(id)) worker?.postMessage([id]);
}
