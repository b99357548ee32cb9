import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { inject } from 'vitest';
import { startLocalHub, type LocalHub } from '../../dev/hub/index.js';
import { projectRoot } from '../../dev/temporal/project.js';
import { startTemporalServer, type TemporalServer } from '../../dev/temporal/server.js';
import type { Block } from '../support/documents.js';
import { fakeProgram } from '../support/temporal-fakes.js';
import { seedModels } from './models.js';

const TERMINAL_USER = fileURLToPath(new URL('terminal_user.py', import.meta.url));
const PROGRAM = join(projectRoot(), 'dist', 'client', 'main.js');
const TOKENS = { read: 'hf_docsread', write: 'hf_docswrite' } as const;
/** Output with which a long-running command reports that it is ready. */
const READY = /worker polls|Ctrl-C stops everything/g;

/** A machine on which a document is followed: a local hub in place of the Hub, a Temporal server and an empty directory. */
export class DocsSandbox {
  private readonly kept: ChildProcess[] = [];

  private constructor(
    private readonly root: string,
    readonly hub: LocalHub,
    private readonly temporal: TemporalServer,
  ) {}

  static async open(): Promise<DocsSandbox> {
    const root = await mkdtemp(join(tmpdir(), 'swp-docs-'));
    const hub = await startLocalHub({
      directory: join(root, 'hub'),
      tokens: [
        { token: TOKENS.read, user: 'ada', orgs: ['acme'], role: 'read' },
        { token: TOKENS.write, user: 'publisher', orgs: ['acme'], role: 'write' },
      ],
    });
    await seedModels(hub);
    const temporal = await startTemporalServer({ cli: inject('temporalCli') });
    const world = new DocsSandbox(root, hub, temporal);
    await mkdir(world.home);
    await world.installPrograms();
    return world;
  }

  private get home(): string {
    return join(this.root, 'home');
  }

  /** Installs the built program as `swp` and `npx swp`. Exit codes for waiting or nothing to do count as success, as for a reader. */
  private async installPrograms(): Promise<void> {
    const bin = join(this.root, 'bin');
    await fakeProgram(
      join(bin, 'swp'),
      `'${process.execPath}' '${PROGRAM}' "$@" || { code=$?; case "$code $1" in '8 start'|'8 status'|'9 start'|'9 scratch') exit 0;; *) exit $code;; esac; }`,
    );
    await fakeProgram(join(bin, 'npx'), 'exec "$@"');
    await symlink(inject('temporalCli'), join(bin, 'temporal'));
  }

  private get env(): NodeJS.ProcessEnv {
    return {
      PATH: `${join(this.root, 'bin')}:${process.env['PATH']}`,
      HOME: this.home,
      LANG: 'C.UTF-8',
      TERM: 'xterm',
      NO_COLOR: '1',
      HF_ENDPOINT: this.hub.url,
      HF_TOKEN: TOKENS.read,
      READ_TOKEN: TOKENS.read,
      WRITE_TOKEN: TOKENS.write,
      TEMPORAL_ADDRESS: this.temporal.address,
      TEMPORAL_CONFIG_FILE: join(this.root, 'temporal.toml'),
      SWP_TEMPORAL_CLI: inject('temporalCli'),
    };
  }

  private at(block: Block, name: string): string {
    return join(this.root, `${block.section.replaceAll(/\W+/g, '-')}-${name}`);
  }

  /** Writes the code as a script. The blocks of a section share their variables. Fixed ports may be taken, so any free port is used. */
  private async script(block: Block, last: string): Promise<string> {
    const state = this.at(block, 'state');
    const code = block.text.replaceAll(/\bswp dev\b/g, 'swp dev --port 0 --ui-port 0 --hub-port 0');
    const file = this.at(block, `${block.line}.sh`);
    await writeFile(file, `set -ae\ncd '${this.home}'\n[ ! -f '${state}' ] || . '${state}'\n${code}${last.replace('$state', state)}\n`);
    return file;
  }

  /**
   * Runs a block as a person at a terminal who accepts every prompt.
   *
   * @returns the output of the terminal
   */
  async run(block: Block): Promise<string> {
    const script = await this.script(block, "export -p > '$state'");
    const { all, exitCode } = await execa('python3', [TERMINAL_USER, 'sh', script], {
      env: this.env,
      extendEnv: false,
      all: true,
      reject: false,
      stdin: 'ignore',
    });
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}:\n${block.text}\n${all}`);
    return all;
  }

  /** Starts a block that keeps running, and waits until its output reports that it is ready. */
  async keepRunning(block: Block): Promise<void> {
    const child = spawn('sh', [await this.script(block, '')], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.kept.push(child);
    await new Promise<void>((resolve, reject) => {
      let output = '';
      const checkReady = (chunk: Buffer): void => {
        output += chunk.toString();
        if ((output.match(READY) ?? []).length > 0) resolve();
      };
      child.stdout.on('data', checkReady);
      child.stderr.on('data', checkReady);
      child.once('exit', (code) => reject(new Error(`ended with ${code}:\n${block.text}\n${output}`)));
    });
  }

  async close(): Promise<void> {
    for (const child of this.kept.toReversed()) {
      if (child.exitCode !== null || child.pid === undefined) continue;
      const exited = once(child, 'exit');
      process.kill(-child.pid, 'SIGTERM');
      await exited;
    }
    await this.temporal.close();
    await this.hub.close();
    await rm(this.root, { recursive: true, force: true });
  }
}
