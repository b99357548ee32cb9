import { Mutex } from 'async-mutex';

/** Runs one task at a time for each key, in order of arrival; tasks of different keys run concurrently. */
export class KeyedMutex<K = string> {
  private readonly mutexes = new Map<K, Mutex>();

  async run<T>(key: K, task: () => Promise<T>): Promise<T> {
    const mutex = this.mutexes.get(key) ?? new Mutex();
    this.mutexes.set(key, mutex);
    try {
      return await mutex.runExclusive(task);
    } finally {
      if (!mutex.isLocked() && this.mutexes.get(key) === mutex) this.mutexes.delete(key);
    }
  }
}
