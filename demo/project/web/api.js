// Talks to the Tidewater service.

const BASE = "/api";

export async function getStations() {
  const response = await fetch(`${BASE}/stations`);
  return response.json();
}

export async function getUser(id) {
  const response = await fetch(BASE + "/users/" + id);
  const user = await response.json();
  return user;
}

export function formatLevel(level) {
  return `${level.toFixed(2)} m`;
}
