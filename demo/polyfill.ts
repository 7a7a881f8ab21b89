/** node-av waits with Promise.withResolvers, which Node 20 lacks; without it packets never arrive. */
type WithResolvers = {
  withResolvers?: () => {
    promise: Promise<unknown>;
    resolve: (value: unknown) => void;
    reject: (reason: unknown) => void;
  };
};

const promise = Promise as unknown as WithResolvers;
promise.withResolvers ??= () => {
  let resolve: (value: unknown) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const made = new Promise<unknown>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise: made, resolve, reject };
};
