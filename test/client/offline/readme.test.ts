import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../../dev/temporal/project.js';
import { swp } from '../../support/swp.js';

const TEXT = await readFile(join(projectRoot(), 'README.md'), 'utf8');

/** Every `swp …` in code, as its words; what stands before it (npx, variables) and behind a # is no part of it. */
const commands = [...TEXT.matchAll(/```sh\n([\s\S]*?)```|`([^`\n]+)`/g)]
  .flatMap(([, block, inline]) => (block ?? inline ?? '').split('\n'))
  .flatMap((line) => /(?:^|\s)swp ([a-z].*?)(?:\s+#.*)?$/.exec(line)?.[1] ?? [])
  .map((line) => line.trim().split(/\s+/));

/** The longest path of commands that the words begin with has a help of its own. */
const helpOf = async ([first = '', second = '']: readonly string[]): Promise<string> => {
  const group = await swp([first, '--help'], { cwd: projectRoot() });
  const isGroup = new RegExp(`^Usage: swp ${first} .*\\[command\\]$`, 'm').test(group.out);
  const { code, out } = isGroup && second !== '' ? await swp([first, second, '--help'], { cwd: projectRoot() }) : group;
  return code === 0 && out.startsWith(`Usage: swp ${first}${isGroup && second !== '' ? ` ${second}` : ''} `) ? out : '';
};

it('the README shows many commands', () => {
  expect(commands.length).toBeGreaterThan(20);
});

describe.each([...new Set(commands.map((words) => words.join(' ')))])('swp %s', (line) => {
  const words = line.split(' ');

  it('is a command', async () => {
    expect(await helpOf(words)).not.toBe('');
  });

  it('has the flags that are shown', async () => {
    const help = await helpOf(words);
    for (const flag of words.filter((word) => word.startsWith('-'))) expect(help).toContain(flag);
  });
});
