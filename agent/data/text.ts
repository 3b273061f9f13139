/**
 * EDGE: the text of a local file, plain or gzip, as a stream. Never logs; its errors name the file,
 * never its content.
 */
import { type FileHandle, open } from "node:fs/promises";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { badInput, type CloisterError } from "../../shared/base/errors.ts";

const BLOCK_BYTES = 256 * 1024;

/**
 * Yields a UTF-8 file's text in blocks, without its byte-order mark. Gzip is recognised by its
 * first bytes, whatever the file is called.
 *
 * @throws {CloisterError} `data.file-not-found`, `data.file-unreadable`, `data.gzip-truncated`,
 *   `data.gzip-damaged` or `data.not-utf8`.
 */
export async function* readText(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const handle = await openFile(path);
  try {
    for await (const block of await bytesOf(handle)) yield decoder.decode(block, { stream: true });
    yield decoder.decode();
  } catch (error) {
    throw readFault(path, error);
  } finally {
    await handle.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (error) {
    throw readFault(path, error);
  }
}

async function bytesOf(handle: FileHandle): Promise<Readable> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
  refuseOtherKinds(buffer);
  const options = { start: 0, autoClose: false, highWaterMark: BLOCK_BYTES };
  const file = handle.createReadStream(options);
  const isGzip = bytesRead >= 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  // The callback may stay empty: a fault of either stream reaches the reader of the second one.
  return isGzip ? pipeline(file, createGunzip({ chunkSize: BLOCK_BYTES }), () => {}) : file;
}

/** What tables are most often sent as instead. */
function refuseOtherKinds(start: Buffer): void {
  if (start.equals(Buffer.from("PK\x03\x04")))
    throw new OtherKind("an Excel workbook or a ZIP file, not text");
  const utf16 = start.readUInt16BE(0);
  if (utf16 === 0xfffe || utf16 === 0xfeff)
    throw new OtherKind('UTF-16 (Excel\'s "Unicode text"), not UTF-8');
}

class OtherKind extends Error {}

function readFault(path: string, error: unknown): CloisterError {
  const fault = (code: string, reason: string): CloisterError =>
    badInput(code, `${path}: ${reason}`, error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT") return fault("data.file-not-found", "no such file; check the path");
  if (code === "Z_BUF_ERROR") {
    return fault("data.gzip-truncated", "the gzip file ends too early; copy or compress it again");
  }
  if (code.startsWith("Z_")) {
    return fault("data.gzip-damaged", "the gzip file is damaged; copy or compress it again");
  }
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") {
    const remedy =
      'if it is Windows-1252, as Excel\'s plain "CSV" is: iconv -f WINDOWS-1252 -t UTF-8';
    return fault("data.not-utf8", `not UTF-8 text; save the table as "CSV UTF-8"; ${remedy}`);
  }
  if (error instanceof OtherKind)
    return fault("data.not-utf8", `${error.message}; save the table as "CSV UTF-8"`);
  return fault(
    "data.file-unreadable",
    `cannot be read (${code || "unknown cause"}); check what it is and its permissions`,
  );
}
