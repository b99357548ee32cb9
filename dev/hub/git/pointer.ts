/** Returns the text that git stores in place of an LFS object (git-lfs specification, `docs/spec.md`). */
export const pointerText = (sha256: string, size: number): string =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${size}\n`;
