/** The package ships no types; this declares only the function that we use. */
declare module 'fs-native-extensions' {
  /** Locks a whole file that is open for writing; returns false if another open file description holds the lock. */
  export const tryLock: (fd: number) => boolean;
}
