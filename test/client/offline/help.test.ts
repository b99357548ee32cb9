import { describe, expect, it } from 'vitest';
import { swp } from '../../support/swp.js';

const help = async (command: readonly string[]): Promise<string> => {
  const { code, out, err } = await swp([...command, '--help'], { cwd: '/' });
  expect([code, err]).toEqual([0, '']);
  return out;
};

/** All commands below this one, as the help texts list them. */
const commandsBelow = async (command: readonly string[]): Promise<string[][]> => {
  const listed = (await help(command)).split('\nCommands:\n')[1] ?? '';
  const names = [...listed.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name!).filter((name) => name !== 'help');
  const below = await Promise.all(names.map((name) => commandsBelow([...command, name])));
  return names.flatMap((name, at) => [[...command, name], ...below[at]!]);
};

const commands = await commandsBelow([]);

describe('the help of every command', () => {
  it('covers more than 25 commands', () => {
    expect(commands.length).toBeGreaterThan(25);
  });

  it.each(commands.map((command) => command.join(' ')))('matches the golden of swp %s', async (command) => {
    await expect(await help(command.split(' '))).toMatchFileSnapshot(`goldens/help/${command.replaceAll(' ', '-')}.txt`);
  });

  it('breaks no word on a terminal of 60 columns', async () => {
    const { out } = await swp(['--help'], { cwd: '/', terminal: true, columns: 60 });
    const words = (text: string): string[] => text.split(/\s+/);
    expect(words(out)).toEqual(words(await help([])));
    expect(out.split('\n').filter((line) => line.length > 60)).toEqual([]);
  });
});
