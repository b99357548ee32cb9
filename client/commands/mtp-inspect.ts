import type { MtpNames } from '../../formats/mtp/naming.js';
import { readSettings } from '../../settings/settings.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { isBlocked, mtpReport, mtpReportText } from '../mtp/inspection-report.js';
import { openMtpSource } from '../mtp/open-mtp-source.js';

/** Shows what the MTP sidecar of a repository would contain; reads only headers, index and config. */
export const mtpInspect = async (
  { repo, names }: { readonly repo: string; readonly names: MtpNames },
  context: Context,
): Promise<ExitCode> => {
  const { source, selection } = await openMtpSource(repo, names, context);
  const report = mtpReport(source, selection, readSettings(context.env).proveShards);
  context.out.data(report, () => mtpReportText(report, context.out.paint));
  return isBlocked(selection) ? EXIT.failed : EXIT.ok;
};
