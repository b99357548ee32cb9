import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../dev/temporal/project.js';

/** A page that people read, by its path in the project. */
export interface Document {
  readonly path: string;
  readonly text: string;
}

/** Fenced code of a document. The words behind its language say how its commands are tested. */
export interface Block {
  /** Of its first line of code, from 1. */
  readonly line: number;
  /** The nearest `##` above it: a reader begins each in a fresh terminal. */
  readonly section: string;
  readonly language: string;
  readonly words: readonly string[];
  readonly text: string;
}

const read = async (path: string): Promise<Document> => ({ path, text: await readFile(join(projectRoot(), path), 'utf8') });

/** The README, how to contribute, and every guide. */
export const readDocuments = async (): Promise<Document[]> => {
  const guides = (await readdir(join(projectRoot(), 'docs'))).filter((name) => name.endsWith('.md')).toSorted();
  return Promise.all(['README.md', 'CONTRIBUTING.md', ...guides.map((name) => `docs/${name}`)].map(read));
};

export const blocksOf = ({ text }: Document): Block[] =>
  [...text.matchAll(/^```(\S+)(.*)\n([\s\S]*?)^```$/gm)].map(({ index, 1: language = '', 2: words = '', 3: code = '' }) => {
    const before = text.slice(0, index);
    return {
      line: before.split('\n').length + 1,
      section: [...before.matchAll(/^## (.*)$/gm)].at(-1)?.[1] ?? '',
      language,
      words: words.split(' ').filter((word) => word !== ''),
      text: code,
    };
  });

const WORD = /'[^']*'|"[^"]*"|[^\s'"]+/g;

/** The words of every `swp …` in shell code: what stands before it (npx, variables), what it is piped to and comments are no part of it. */
export const commandsIn = (code: string): string[][] =>
  code
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.replace(/(?:^|\s)#.*$/, ''))
    .flatMap((line) => [...line.matchAll(/(?:^|[\s(])swp ([a-z-][^|&;)>]*)/g)])
    .map(([, words = '']) => (words.match(WORD) ?? []).map((word) => word.replaceAll(/['"]/g, '')));
