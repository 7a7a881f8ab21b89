import type { Vec3 } from './vector.js';
import { cross } from './vector.js';

export interface CameraSettings {
  /** Where it hangs: x along the street, y across it (away from the camera), z up; metres. */
  position: Vec3;
  /** Radians; 0 looks along +y, positive turns right. */
  yaw: number;
  /** Radians; negative looks down. */
  pitch: number;
  /** Radians, full angle. */
  horizontalFov: number;
  width: number;
  height: number;
}

/** A pinhole camera over a ground plane at z = 0. */
export class Camera {
  readonly position: Vec3;
  readonly right: Vec3;
  readonly up: Vec3;
  readonly forward: Vec3;
  /** Focal length in pixels. */
  readonly focal: number;
  readonly width: number;
  readonly height: number;

  constructor(readonly settings: CameraSettings) {
    const { yaw, pitch } = settings;
    this.position = settings.position;
    this.width = settings.width;
    this.height = settings.height;
    this.forward = [Math.sin(yaw) * Math.cos(pitch), Math.cos(yaw) * Math.cos(pitch), Math.sin(pitch)];
    this.right = [Math.cos(yaw), -Math.sin(yaw), 0];
    this.up = cross(this.right, this.forward);
    this.focal = settings.width / 2 / Math.tan(settings.horizontalFov / 2);
  }

  /** The same view with `factor` times the pixels a side. */
  supersampled(factor: number): Camera {
    return new Camera({
      ...this.settings,
      width: this.settings.width * factor,
      height: this.settings.height * factor,
    });
  }

  /** World to picture: [x, y] in pixels and the depth in metres (not in front of the camera when <= 0). */
  project(p: Vec3): Vec3 {
    const dx = p[0] - this.position[0];
    const dy = p[1] - this.position[1];
    const dz = p[2] - this.position[2];
    const cx = dx * this.right[0] + dy * this.right[1] + dz * this.right[2];
    const cy = dx * this.up[0] + dy * this.up[1] + dz * this.up[2];
    const cz = dx * this.forward[0] + dy * this.forward[1] + dz * this.forward[2];
    return [this.width / 2 + (this.focal * cx) / cz, this.height / 2 - (this.focal * cy) / cz, cz];
  }

  /** The point of the ground under a picture point, or undefined above the horizon. */
  ground(px: number, py: number): Vec3 | undefined {
    const a = (px - this.width / 2) / this.focal;
    const b = -(py - this.height / 2) / this.focal;
    const d: Vec3 = [
      this.forward[0] + this.right[0] * a + this.up[0] * b,
      this.forward[1] + this.right[1] * a + this.up[1] * b,
      this.forward[2] + this.right[2] * a + this.up[2] * b,
    ];
    if (d[2] > -1e-4) return undefined;
    const t = -this.position[2] / d[2];
    return [this.position[0] + d[0] * t, this.position[1] + d[1] * t, 0];
  }
}
