// Plans one artifact against a hub, and prints the result and the memory of the process.
import { planArtifacts } from '../../../dist/publish/planning/plan-entry.js';
import { EntrySnapshot } from '../../../dist/catalog/snapshot.js';
import { THIS_MACHINE } from '../../../dist/core/this-machine.js';
import { openHub } from '../../../dist/hub/hub.js';

const [url, kind] = process.argv.slice(2);
const FIELDS = {
  mtp: { mtp_source_repo: 'evil/model', mtp_sidecar_repo: 'acme/model-mtp' },
  vindex: { source_model: 'evil/model', quant: 'none', slices: ['full'], output_name: 'x.vindex', hf_repo: 'acme/model-vindex' },
  vision: { vision_source_repo: 'evil/model', vision_sidecar_repo: 'acme/model-vision' },
};
const entry = EntrySnapshot.parse({ name: 'test/x', entry: { key: 'x', tier: 'smoke', ...FIELDS[kind] } });
const larql = {
  sha256: '1'.repeat(64),
  quants: ['none', 'q4k'],
  expertServer: true,
  blocks: 'early',
  fleetBlocks: 'early',
  names: 'q4k',
  standIn: false,
};
const host = { host: 'h', availableDiskBytes: 1e12, larql, sources: [], targets: [] };
const beforeKb = process.resourceUsage().maxRSS;
const { artifacts } = await planArtifacts(
  { hub: openHub({ endpoint: new URL(url) }, THIS_MACHINE), tools: { swp: '0' }, proveShards: 1.5 },
  { entry, only: [], round: 1, host, previous: [] },
  new AbortController().signal,
);
const [plan] = artifacts;
process.stdout.write(
  JSON.stringify({
    action: plan.action,
    blocked: plan.checks.filter(({ verdict }) => verdict === 'blocked').map(({ code, message }) => `${code}: ${message}`),
    checks: plan.checks.map(({ code }) => code),
    beforeMb: Math.round(beforeKb / 1000),
    residentMb: Math.round(process.resourceUsage().maxRSS / 1000),
  }),
);
process.exit();
