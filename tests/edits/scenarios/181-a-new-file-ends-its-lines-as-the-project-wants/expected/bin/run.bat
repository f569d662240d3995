@echo off
make run
