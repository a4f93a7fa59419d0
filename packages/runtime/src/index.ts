export { encodeConfigProto, type ProcessSettings } from './config-proto.ts';
export { chorusName, type DeviceName } from './device.ts';
export { type Device, listDevices } from './devices.ts';
export { RuntimeError } from './errors.ts';
export { setupRuntime } from './native/setup.ts';
export { type MissingPart, nativeRuntimeStatus } from './native/status.ts';
export { prepareProcess, processEnvironment } from './process.ts';
export { initRuntime, type Runtime, type RuntimeOptions } from './runtime.ts';
