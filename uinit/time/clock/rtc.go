package clock

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// RTC is a hardware clock in UTC, with a resolution of one second.
type RTC interface {
	Read() (time.Time, error)
	Write(time.Time) error
}

// Device is the path of a hardware clock: /dev/rtc0.
type Device string

// Read calls RTC_RD_TIME (linux/rtc.h).
func (d Device) Read() (time.Time, error) {
	f, err := os.Open(string(d))
	if err != nil {
		return time.Time{}, err
	}
	defer f.Close()
	v, err := unix.IoctlGetRTCTime(int(f.Fd()))
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: RTC_RD_TIME: %w", d, err)
	}
	return fromRTC(v)
}

// Write calls RTC_SET_TIME with the nearest second.
func (d Device) Write(t time.Time) error {
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.IoctlSetRTCTime(int(f.Fd()), toRTC(t)); err != nil {
		return fmt.Errorf("%s: RTC_SET_TIME: %w", d, err)
	}
	return nil
}

// fromRTC refuses what is no date: a clock without a battery holds anything.
func fromRTC(v *unix.RTCTime) (time.Time, error) {
	t := time.Date(int(v.Year)+1900, time.Month(v.Mon+1), int(v.Mday), int(v.Hour), int(v.Min), int(v.Sec), 0, time.UTC)
	if back := toRTC(t); back.Mon != v.Mon || back.Mday != v.Mday || back.Hour != v.Hour || back.Min != v.Min || back.Sec != v.Sec {
		return time.Time{}, fmt.Errorf("it shows %d-%d-%d %d:%d:%d, which is no date", v.Year+1900, v.Mon+1, v.Mday, v.Hour, v.Min, v.Sec)
	}
	return t, nil
}

func toRTC(t time.Time) *unix.RTCTime {
	t = t.UTC().Round(time.Second)
	return &unix.RTCTime{
		Sec: int32(t.Second()), Min: int32(t.Minute()), Hour: int32(t.Hour()),
		Mday: int32(t.Day()), Mon: int32(t.Month() - 1), Year: int32(t.Year() - 1900),
	}
}
