// Requests: the store's requests as promises; what of a wrapper library is needed here, in a quarter of its weight.

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
export function settled(request) {
  const answer = new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  // A write that nobody waits for fails with its transaction, which somebody does wait for.
  answer.catch(() => {});
  return answer;
}

/** An object store or index whose requests are promises. */
class Source {
  /** @param {any} source */
  constructor(source) {
    this.source = source;
  }

  /** @param {string} name @returns {any} */
  index(name) {
    return new Source(this.source.index(name));
  }

  /** @param {any[]} asked @returns {Promise<any>} a cursor, or null; its `continue` resolves to the next */
  openCursor(...asked) {
    return this.step(this.source.openCursor(...asked));
  }

  /** @param {any[]} asked @returns {Promise<any>} */
  openKeyCursor(...asked) {
    return this.step(this.source.openKeyCursor(...asked));
  }

  /** @param {any} request @returns {Promise<any>} */
  async step(request) {
    const at = await settled(request);
    return (
      at && {
        key: at.key,
        value: at.value,
        delete: () => settled(at.delete()),
        continue: (/** @type {any} */ key) => {
          at.continue(key);
          return this.step(request);
        },
      }
    );
  }
}

for (const name of ["get", "getAll", "getAllKeys", "getKey", "count", "put", "delete", "clear"]) {
  /** @type {any} */ (Source.prototype)[name] = function (/** @type {any[]} */ ...asked) {
    return settled(this.source[name](...asked));
  };
}

/** A transaction whose requests are promises; `done` resolves to null, or to why it was rolled back. */
export class Transaction {
  /** @param {IDBTransaction} tx */
  constructor(tx) {
    this.tx = tx;
    /** @type {Promise<any>} */
    this.done = new Promise((resolve) => {
      tx.oncomplete = () => resolve(null);
      tx.onabort = () => resolve(tx.error ?? new DOMException("rolled back", "AbortError"));
    });
  }

  /** @param {string} name @returns {any} */
  objectStore(name) {
    return new Source(this.tx.objectStore(name));
  }
}
