/**
 * ONNX Runtime 1.29 and newer send usage data home on Linux too unless this is set before the library loads
 * (microsoft/onnxruntime#27379). What a camera sees is nobody's business but its owner's, so this module is imported
 * before onnxruntime-node is.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';
