import { access, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readProductSources } from '../support/product-sources.js';
import { projectRoot } from '../../dev/temporal/project.js';
import { DecisionMessage, ReleaseMessage } from '../../plan/decision.js';
import { parseCampaignDecision } from '../../plan/campaign/campaign-decision.js';
import { parseSettingsFile } from '../../catalog/settings-file.js';
import { parseSourceFile } from '../../catalog/source-file.js';
import { ENTRY_FIELDS } from '../../catalog/entry.js';
import { FINDINGS, type FindingCode } from '../../plan/findings/finding.js';
import { blocksOf, readDocuments } from '../support/documents.js';

const DOCUMENTS = await readDocuments();
const documentAt = (path: string) => DOCUMENTS.find((document) => document.path === path)!;
const blocksIn = (path: string, language: string) => blocksOf(documentAt(path)).filter((block) => block.language === language);

/** The anchor that GitHub generates for a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
const anchorsOf = (text: string): string[] =>
  [...text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));
const linksOf = (text: string) => [...text.matchAll(/(!?)\[([^\]]*)\]\(([^)\s]+)\)/g)];

describe.each(DOCUMENTS.map((document) => [document.path, document] as const))('%s', (path, { text }) => {
  it('links only to files, pictures and headings that exist', async () => {
    for (const [, , , link = ''] of linksOf(text)) {
      if (link.startsWith('https:')) continue;
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      await access(join(projectRoot(), target));
      if (anchor !== undefined) expect(anchorsOf(await readFile(join(projectRoot(), target), 'utf8')), link).toContain(anchor);
    }
  });

  it('describes each picture', () => {
    for (const [, image, alt = '', link = ''] of linksOf(text)) if (image === '!') expect(alt.length, link).toBeGreaterThan(20);
  });
});

it('a block that runs the tests runs nothing else', () => {
  const blocks = DOCUMENTS.flatMap(blocksOf).filter(({ text }) => /\bnpm (?:test|run test)/.test(text));
  expect(blocks.length).toBeGreaterThan(0);
  for (const { text } of blocks) expect(text.trim().split('\n'), text).toHaveLength(1);
});

it('the README links to every guide', async () => {
  const guides = (await readdir(join(projectRoot(), 'docs'))).filter((name) => name.endsWith('.md'));
  const named = linksOf(documentAt('README.md').text).map(([, , , link]) => link);
  expect(named).toEqual(expect.arrayContaining(guides.map((name) => `docs/${name}`)));
});

describe('the settings in the README', () => {
  const rows = [...documentAt('README.md').text.matchAll(/^\| `(SWP_[A-Z_]+)`/gm)].map(([, name]) => name!);
  /** Only for tests: a stand-in publishes nothing that clusters load. */
  const UNDOCUMENTED = ['SWP_LARQL_STAND_IN'];

  it('are exactly those that the product reads', async () => {
    const texts = [...(await readProductSources(['dev/temporal', 'dev/sandbox'])).values()];
    const read = new Set(texts.flatMap((text) => [...text.matchAll(/\bSWP_[A-Z_]+\b/g)].map(([name]) => name)));
    for (const name of UNDOCUMENTED) read.delete(name);
    expect(rows.toSorted()).toEqual([...read].toSorted());
  });
});

describe('the JSON in the guide to approvals', () => {
  it.each(blocksIn('docs/approvals.md', 'json').map(({ text }) => text.trim()))('%s is a valid message for a workflow', (text) => {
    const message: unknown = JSON.parse(text);
    expect([DecisionMessage, ReleaseMessage].filter((schema) => schema.safeParse(message).success)).toHaveLength(1);
  });
});

it('the JSON in the guide to campaigns is a valid campaign decision', () => {
  const [block] = blocksIn('docs/campaigns.md', 'json');
  expect(parseCampaignDecision(JSON.parse(block!.text))).not.toHaveProperty('fault');
});

describe('the guide to the catalog', () => {
  const [settings, catalog] = blocksIn('docs/catalog.md', 'yaml').map(({ text }) => text);

  it('shows valid files', () => {
    expect(parseSettingsFile('skulk-weights.yaml', settings!).problems).toEqual([]);
    expect(parseSourceFile('catalog.yaml', catalog!)).toMatchObject({ problems: [], entries: [{}] });
  });

  it('explains every field of an entry', () => {
    for (const field of ENTRY_FIELDS) expect(documentAt('docs/catalog.md').text).toMatch(new RegExp(`^\\| .*\`${field}\`.* \\| `, 'm'));
  });
});

describe('the troubleshooting guide', () => {
  const { text } = documentAt('docs/troubleshooting.md');
  const codes = [...text.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = '']) => cell.match(/(?<=`)[a-z-]+(?:\/[a-z-]+)?(?=`)/g) ?? []);
  const sourceOf = (path: string): Promise<string> => readFile(join(projectRoot(), path), 'utf8');
  const codesIn = (source: string, pattern: RegExp): string[] => [...source.matchAll(pattern)].map(([, code]) => code!);

  it('mentions only codes that exist', async () => {
    const all = [...(await readProductSources()).values()].join('');
    expect(codes.length).toBeGreaterThan(40);
    expect(codes.filter((code) => !all.includes(`'${code}'`))).toEqual([]);
  });

  it('lists every check that blocks a plan', async () => {
    const checks = codesIn(await sourceOf('plan/volatile-checks.ts'), /blocked\(\s*'([a-z-]+)'/g);
    expect(checks.length).toBeGreaterThan(4);
    expect(codes).toEqual(expect.arrayContaining(checks));
  });

  it('lists every failure of a larql run', async () => {
    const failures = codesIn(await sourceOf('larql/explain-failure.ts'), /code: '(larql\/[a-z-]+)'/g);
    expect(failures.length).toBeGreaterThan(6);
    expect(codes).toEqual(expect.arrayContaining(failures));
  });

  it('lists every refusal of the Hub about access, quota or a missing repository', async () => {
    const refusals = codesIn(await sourceOf('hub/errors.ts'), /kind: '(?:access|quota|not-found)',\s*code: '(hub\/[a-z-]+)'/g);
    expect(refusals.length).toBeGreaterThan(6);
    expect(codes).toEqual(expect.arrayContaining(refusals));
  });
});

it('the guide to re-validation lists every finding with its marks', () => {
  const rows = [...documentAt('docs/revalidation.md').text.matchAll(/^\| (`.*?`) \| ?([✗↻ℹ ]*) ?\|/gm)];
  const documented = rows.flatMap(([, cell = '', marks = '']) => cell.match(/(?<=`)[a-z-]+(?=`)/g)!.map((code) => [code, marks] as const));
  expect(documented.map(([code]) => code).toSorted()).toEqual(Object.keys(FINDINGS).toSorted());
  for (const [code, marks] of documented) {
    const { level, integrity, repair } = FINDINGS[code as FindingCode];
    expect([code, marks.includes('ℹ'), marks.includes('✗'), marks.includes('↻')]).toEqual([code, level === 'info', integrity, repair]);
  }
});

it('CONTRIBUTING names only modules that exist', async () => {
  const { text } = documentAt('CONTRIBUTING.md');
  const folders = ['core', 'catalog', 'formats', 'plan', 'hub', 'larql', 'publish', 'contract', 'workflows', 'activities'];
  const known = new RegExp(`^(?:${[...folders, 'temporal', 'settings', 'worker', 'client', 'dev', 'test', 'docs'].join('|')})/[\\w./-]*$`);
  const paths = [...text.matchAll(/`([^`\s]+)`/g)].map(([, span = '']) => span).filter((span) => known.test(span));
  expect(paths.length).toBeGreaterThan(40);
  for (const path of paths) await expect(access(join(projectRoot(), path)), path).resolves.toBeUndefined();
});

it('the architecture guide lists every folder of the product', async () => {
  const entries = await readdir(projectRoot(), { withFileTypes: true });
  const excluded = new Set(['bench', 'dist', 'docs', 'node_modules', 'scripts', 'test']);
  const folders = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !excluded.has(entry.name))
    .map(({ name }) => name);
  for (const folder of folders) expect(documentAt('docs/architecture.md').text).toMatch(new RegExp(`^\\| .*\`${folder}/\``, 'm'));
});
