/** The package ships no types; this is all of it that we use. */
declare module 'fs-native-extensions' {
  /** Locks a whole file that is open for writing; false where another opening of it holds the lock. */
  export const tryLock: (fd: number) => boolean;
}
