export { hasBfloat16 } from './bfloat16.ts';
export { bytesTensor } from './bytes-tensor.ts';
export { encodeConfigProto, type ProcessSettings } from './config-proto.ts';
export { chorusName, type DeviceName } from './device.ts';
export { type Device, listDevices } from './devices.ts';
export { RuntimeError } from './errors.ts';
export { releaseFreeMemory } from './free-memory.ts';
export { type Compiled, type CompileMetrics, type CompileOptions, compile, type Results } from './functions/compile.ts';
export { killWithParent } from './kill-with-parent.ts';
export { mapFile } from './map-file.ts';
export { nativePlatform } from './native/platforms.ts';
export { setupOnnxruntime, setupRuntime } from './native/setup.ts';
export type { OnSetupProgress, SetupProgress } from './native/setup-step.ts';
export { type MissingPart, nativeRuntimeStatus } from './native/status.ts';
export {
  type OnnxImages,
  type OnnxSession,
  type OnnxThreads,
  obstacleToOnnxruntime,
  openOnnxSession,
} from './onnxruntime.ts';
export { isOutOfMemory } from './out-of-memory.ts';
export { prepareProcess, processEnvironment } from './process.ts';
export { processorFlags } from './processor-flags.ts';
export { initRuntime, type Runtime, type RuntimeOptions } from './runtime.ts';
