import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../dev/temporal/project.js';

/** A document of the project and its path. */
export interface Document {
  readonly path: string;
  readonly text: string;
}

/** A fenced code block of a document. The words after its language say how its commands are tested. */
export interface Block {
  /** Line number of its first line of code, from 1. */
  readonly line: number;
  /** The nearest `##` heading above it: a reader begins each section in a fresh terminal. */
  readonly section: string;
  readonly language: string;
  readonly words: readonly string[];
  readonly text: string;
}

const read = async (path: string): Promise<Document> => ({ path, text: await readFile(join(projectRoot(), path), 'utf8') });

/** Reads the README, CONTRIBUTING.md, CHANGELOG.md, every guide and every decision record. */
export const readDocuments = async (): Promise<Document[]> => {
  const guides = (await readdir(join(projectRoot(), 'docs'), { recursive: true })).filter((name) => name.endsWith('.md')).toSorted();
  return Promise.all(['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...guides.map((name) => `docs/${name}`)].map(read));
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

/** The words of every `swp …` command in shell code, without prefixes (npx, variables), pipes and comments. */
export const commandsIn = (code: string): string[][] =>
  code
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.replace(/(?:^|\s)#.*$/, ''))
    .flatMap((line) => [...line.matchAll(/(?:^|[\s(])swp ([a-z-][^|&;)>]*)/g)])
    .map(([, words = '']) => (words.match(WORD) ?? []).map((word) => word.replaceAll(/['"]/g, '')));
