/** Returns a function that runs others one after another, in the order of the calls; one that fails does not stop the next. */
export function inOrder(): <Result>(run: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const result = last.then(run);
    last = result.catch(() => {});
    return result;
  };
}
