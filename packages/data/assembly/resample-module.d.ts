/** `resample.ts`, compiled: base64 of the WebAssembly. */
declare const base64: string;
export default base64;
