import type { UploadFile } from './upload-file.js';

/** How far an upload is: the file that moved last, and all of them. Bytes that are there already count as done. */
export interface UploadProgress {
  readonly file: string;
  readonly fileDoneBytes: number;
  readonly fileTotalBytes: number;
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly doneFiles: number;
  readonly totalFiles: number;
}

/** Adds up what goes out. */
export class UploadMeter {
  private readonly doneOf = new Map<string, number>();
  private readonly totalBytes: number;
  private doneBytes = 0;
  private doneFiles = 0;
  /** Bytes that went out and arrived in this run. */
  sentBytes = 0;
  /** Bytes that the Hub had before. */
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

  /** What is there of a file already, before anything of it is sent. */
  skipped(file: UploadFile, bytes: number): void {
    this.skippedBytes += bytes;
    this.move(file, bytes);
  }

  /** Everything of a file that counted has to be done anew. */
  anew(file: UploadFile): void {
    this.move(file, -(this.doneOf.get(file.path) ?? 0));
  }

  ended(file: UploadFile): void {
    this.doneFiles += 1;
    this.move(file, file.size - (this.doneOf.get(file.path) ?? 0));
  }

  private move(file: UploadFile, bytes: number): void {
    const fileDoneBytes = (this.doneOf.get(file.path) ?? 0) + bytes;
    this.doneOf.set(file.path, fileDoneBytes);
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
