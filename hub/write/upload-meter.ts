import type { UploadFile } from './upload-file.js';

/**
 * The progress of an upload: of the file that progressed last, and of all files. Bytes that the Hub already has count
 * as done.
 */
export interface UploadProgress {
  readonly file: string;
  readonly fileDoneBytes: number;
  readonly fileTotalBytes: number;
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly doneFiles: number;
  readonly totalFiles: number;
}

/** Adds up the progress of all files and reports it. */
export class UploadMeter {
  private readonly doneBytesByPath = new Map<string, number>();
  private readonly totalBytes: number;
  private doneBytes = 0;
  private doneFiles = 0;
  /** Bytes that were sent and accepted in this run. */
  sentBytes = 0;
  /** Bytes that the Hub already had. */
  skippedBytes = 0;

  constructor(
    private readonly files: readonly UploadFile[],
    private readonly onProgress: (progress: UploadProgress) => void,
  ) {
    this.totalBytes = files.reduce((sum, { size }) => sum + size, 0);
  }

  sent(file: UploadFile, bytes: number): void {
    this.sentBytes += bytes;
    this.move(file, bytes);
  }

  /** Counts bytes of a file that the Hub already has. */
  skipped(file: UploadFile, bytes: number): void {
    this.skippedBytes += bytes;
    this.move(file, bytes);
  }

  /** Resets the progress of a file that has to be sent again. */
  restart(file: UploadFile): void {
    this.move(file, -(this.doneBytesByPath.get(file.path) ?? 0));
  }

  ended(file: UploadFile): void {
    this.doneFiles += 1;
    this.move(file, file.size - (this.doneBytesByPath.get(file.path) ?? 0));
  }

  private move(file: UploadFile, bytes: number): void {
    const fileDoneBytes = (this.doneBytesByPath.get(file.path) ?? 0) + bytes;
    this.doneBytesByPath.set(file.path, fileDoneBytes);
    this.doneBytes += bytes;
    this.onProgress({
      file: file.path,
      fileDoneBytes,
      fileTotalBytes: file.size,
      doneBytes: this.doneBytes,
      totalBytes: this.totalBytes,
      doneFiles: this.doneFiles,
      totalFiles: this.files.length,
    });
  }
}
