// What a test waits for: something that comes true by what it is told, not by the passing of time.

const WAIT_MS_MAX = 15_000;

export class Condition {
  #waiting = new Set();

  /** Says that something has changed. */
  wake() {
    for (const resolve of this.#waiting) {
      resolve();
    }
    this.#waiting.clear();
  }

  /** The first true answer of `holds`, now or after a change; `describe` says how things are if it never comes. */
  async until(what, holds, describe = () => "") {
    let isLate = false;
    const deadline = setTimeout(() => {
      isLate = true;
      this.wake();
    }, WAIT_MS_MAX);
    try {
      for (;;) {
        const result = holds();
        if (result) {
          return result;
        }
        if (isLate) {
          throw new Error(`never happened: ${what}; ${describe()}`);
        }
        await new Promise((resolve) => this.#waiting.add(resolve));
      }
    } finally {
      clearTimeout(deadline);
    }
  }
}
