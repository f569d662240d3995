"""The HTTP face: stations, reports, and the people who read them."""

from fastapi import FastAPI, HTTPException

from tidewater.report import daily_report
from tidewater.stations import find_station, load_stations

app = FastAPI(title="Tidewater")
users = {}


@app.get("/stations")
def stations():
    """All stations."""
    return list(load_stations().values())


@app.get("/stations/{station_id}/report")
def report(station_id: str):
    """The daily report of one station."""
    if find_station(station_id) is None:
        raise HTTPException(status_code=404, detail="no such station")
    return {"report": daily_report(station_id)}


@app.get("/users/{user_id}")
def user(user_id: str):
    """One reader of the page."""
    if user_id not in users:
        raise HTTPException(status_code=404, detail="no such user")
    return users[user_id]
