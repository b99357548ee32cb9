import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** Finds Chromium: the program that `SWP_CHROMIUM` names, or else the first one on `PATH`; null if there is none. */
export const findChromium = async (env: NodeJS.ProcessEnv): Promise<string | null> => {
  const named = env['SWP_CHROMIUM'];
  const candidates =
    named === undefined || named === ''
      ? (env['PATH'] ?? '').split(delimiter).flatMap((directory) => NAMES.map((name) => join(directory, name)))
      : [named];
  for (const path of candidates) if (await isExecutable(path)) return path;
  return null;
};
