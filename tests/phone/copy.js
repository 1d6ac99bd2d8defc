// Copy: clones a phone's databases into another factory, as a backup app or a cloned phone does.

/** @param {IDBFactory} from @param {IDBFactory} to */
export default async function copy(from, to) {
  for (const { name, version } of await from.databases()) {
    const source = await opened(from.open(name));
    const request = to.open(name, version);
    request.onupgradeneeded = () => {
      for (const storeName of source.objectStoreNames) {
        const store = source.transaction(storeName).objectStore(storeName);
        const made = request.result.createObjectStore(storeName, { keyPath: store.keyPath ?? undefined });
        for (const indexName of store.indexNames) {
          const index = store.index(indexName);
          made.createIndex(indexName, index.keyPath, { multiEntry: index.multiEntry, unique: index.unique });
        }
      }
    };
    const target = await opened(request);
    for (const storeName of source.objectStoreNames) {
      const store = source.transaction(storeName).objectStore(storeName);
      const [values, keys] = [await opened(store.getAll()), await opened(store.getAllKeys())];
      const into = target.transaction(storeName, "readwrite").objectStore(storeName);
      for (let i = 0; i < values.length; i++)
        await opened(into.keyPath ? into.put(values[i]) : into.put(values[i], keys[i]));
    }
    source.close();
    target.close();
  }
}

/** @param {IDBRequest} request @returns {Promise<any>} */
function opened(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
